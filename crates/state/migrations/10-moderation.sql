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
