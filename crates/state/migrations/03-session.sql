-- Sessions that have ended, for as long as a repeat of the command that opened one may still come.
CREATE TABLE ended_session (
    slot INTEGER NOT NULL, hash BLOB NOT NULL, ended_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, hash)
) WITHOUT ROWID;
