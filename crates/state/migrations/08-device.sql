-- Boxes that a person's devices leave for each other. `expires_ms` is none for what stays; `version` counts how often it was filled.
CREATE TABLE sealed_box (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, name BLOB NOT NULL, version INTEGER NOT NULL, expires_ms INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (slot, account_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_box_by_age ON sealed_box (slot, expires_ms);

-- With which session a device was added, or last acknowledged: it ends with the device.
ALTER TABLE device ADD COLUMN session BLOB;
