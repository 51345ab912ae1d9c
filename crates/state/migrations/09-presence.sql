-- Where a device says that other clients can reach it: one row of each device that has said so. `record` is the postcard of a
-- SignedPresence.
CREATE TABLE presence (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, device BLOB NOT NULL, record BLOB NOT NULL,
    stamp_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, device)
) WITHOUT ROWID;
