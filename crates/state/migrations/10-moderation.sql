-- `standing`: 0 stands, 1 is suspended, 2 waits for what its invitation's home says. `standing_by` and `role_by` are the measures
-- by which it came so: the later one counts.
ALTER TABLE account ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN standing_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN role_by INTEGER NOT NULL DEFAULT 0;
CREATE INDEX account_noted ON account (slot, id) WHERE role > 0 OR standing = 1;

-- What somebody with a role has decided, at their home. `state`: 0 is on its way, 1 has come to something, 2 is in the log; then the
-- row goes after a day. `deed` is the postcard of a Deed.
CREATE TABLE measure (
    slot INTEGER NOT NULL, id INTEGER NOT NULL, by_id INTEGER NOT NULL, role INTEGER NOT NULL, state INTEGER NOT NULL,
    deed BLOB NOT NULL, stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX measure_by_age ON measure (slot, state, stamp_ms);
CREATE INDEX measure_by_person ON measure (slot, by_id, stamp_ms);

-- The log of all measures, at the community's home.
CREATE TABLE deed (
    slot INTEGER NOT NULL, id INTEGER NOT NULL, deed BLOB NOT NULL,
    PRIMARY KEY (slot, id)
) STRICT, WITHOUT ROWID;

-- Of the group: whom nobody sees, in the whole ring. The row stays when it is undone, for its version.
CREATE TABLE hidden (
    account_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, state INTEGER NOT NULL
) STRICT;

-- Of the group: what the community has settled. `version` is the measure by which it was.
CREATE TABLE settlement (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL, body BLOB NOT NULL) STRICT;

-- Invitations, at the home of the one who made them, and the accounts that have used them.
CREATE TABLE invitation (
    slot INTEGER NOT NULL, hash BLOB NOT NULL, by_id INTEGER NOT NULL, id INTEGER NOT NULL, note TEXT NOT NULL,
    uses_max INTEGER NOT NULL, uses INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL,
    PRIMARY KEY (slot, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_by_person ON invitation (slot, by_id, id);
CREATE INDEX invitation_by_age ON invitation (slot, expires_ms);
CREATE TABLE invitation_use (
    slot INTEGER NOT NULL, hash BLOB NOT NULL, newcomer_id INTEGER NOT NULL, by_id INTEGER NOT NULL,
    PRIMARY KEY (slot, hash, newcomer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_use_by_person ON invitation_use (slot, by_id, hash, newcomer_id);

-- Accounts that wait for the home of their invitation (`state` 0), and those that it has refused (1), for a day. `code` is the
-- postcard of a Code.
CREATE TABLE newcomer (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, registration BLOB NOT NULL, code BLOB NOT NULL, state INTEGER NOT NULL,
    stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX newcomer_by_registration ON newcomer (slot, registration);
CREATE INDEX newcomer_by_age ON newcomer (slot, state, stamp_ms);

-- Reports at their reporters' homes: `state` 1 and without words once the moderators have it.
CREATE TABLE report_sent (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, id INTEGER NOT NULL, state INTEGER NOT NULL, report BLOB NOT NULL,
    stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_sent_by_day ON report_sent (slot, account_id, stamp_ms);
CREATE INDEX report_sent_by_age ON report_sent (slot, state, stamp_ms);
-- Reports as moderators read them, at the community's home: `state` 1 once settled; then `stamp_ms` is when.
CREATE TABLE report (
    slot INTEGER NOT NULL, id INTEGER NOT NULL, state INTEGER NOT NULL, report BLOB NOT NULL, resolution BLOB,
    stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_by_state ON report (slot, state, id);
CREATE INDEX report_by_age ON report (slot, state, stamp_ms);

-- Of the group: what came to be on a day (days since 1970).
CREATE TABLE day (day INTEGER PRIMARY KEY, accounts INTEGER NOT NULL, dweets INTEGER NOT NULL) STRICT;
