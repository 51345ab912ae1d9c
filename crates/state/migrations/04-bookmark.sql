-- Dweets that a person wants to find again. `id` orders the list.
CREATE TABLE bookmark (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, dweet_id INTEGER NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, dweet_id)
) WITHOUT ROWID;
CREATE INDEX bookmark_by_id ON bookmark (slot, account_id, id);
