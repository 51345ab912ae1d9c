-- What is needed to hand letters over from client to client.

-- Where this device has said last that it can be reached: one row, with what was said. Not there if it never has.
CREATE TABLE presence (id INTEGER PRIMARY KEY CHECK (id = 0), said TEXT NOT NULL) STRICT;

-- Where other devices have said that they can be reached, as it was said; `failed_ms` is when that was last found wrong.
CREATE TABLE address (
    account INTEGER NOT NULL, device BLOB NOT NULL, said TEXT NOT NULL, failed_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, device)
) STRICT, WITHOUT ROWID;

-- When somebody's home was last asked for that.
ALTER TABLE person ADD COLUMN looked_ms INTEGER NOT NULL DEFAULT 0;

-- Letters that came directly, by name and the hash of their body.
CREATE TABLE taken (letter BLOB PRIMARY KEY, body BLOB NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX taken_by_age ON taken (at_ms);
