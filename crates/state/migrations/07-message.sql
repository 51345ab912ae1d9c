-- What a person says of their devices: a chain, of which homes only keep the order. `record` is the postcard of a SignedRecord.
CREATE TABLE device_record (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, sequence INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (slot, account_id, sequence)
) WITHOUT ROWID;

-- The devices that stand, and up to which letter each has acknowledged.
CREATE TABLE device (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, id BLOB NOT NULL, acknowledged INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, id)
) WITHOUT ROWID;

-- Key packages: with one of them somebody else takes a device into a conversation. `number` 0 is the last resort, which stays.
CREATE TABLE key_package (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, device BLOB NOT NULL, number INTEGER NOT NULL, package BLOB NOT NULL,
    PRIMARY KEY (slot, account_id, device, number)
) WITHOUT ROWID;

-- Who has claimed which of them, so that a repeat gets the same. `packages` is the postcard of the answer.
CREATE TABLE claim (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, by_id INTEGER NOT NULL, key BLOB NOT NULL,
    packages BLOB NOT NULL, stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, by_id, key)
) WITHOUT ROWID;

-- The number of the last letter that came for a person (rule M4: it never restarts).
CREATE TABLE mailbox (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, top INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id)
) WITHOUT ROWID;

-- What waits for a person's devices.
CREATE TABLE letter (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, sender_id INTEGER NOT NULL,
    id BLOB NOT NULL, conversation BLOB NOT NULL, generation INTEGER NOT NULL, epoch INTEGER NOT NULL,
    body BLOB NOT NULL, stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, number)
) WITHOUT ROWID;
CREATE INDEX letter_by_age ON letter (slot, stamp_ms);

-- How much of that is from whom; in the row of sender 0, how much in all.
CREATE TABLE letter_sum (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, sender_id INTEGER NOT NULL, letters INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, sender_id)
) WITHOUT ROWID;

-- Letters that have come, those that were fetched and deleted too: so that each comes once (rule P6).
CREATE TABLE letter_known (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, kind INTEGER NOT NULL, sender_id INTEGER NOT NULL, id BLOB NOT NULL,
    number INTEGER NOT NULL, stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, kind, sender_id, id)
) WITHOUT ROWID;
CREATE INDEX letter_known_by_age ON letter_known (slot, stamp_ms);

-- Conversations, at the home of their name (rule M1): how far each has come, and who is in it.
CREATE TABLE conversation (
    slot INTEGER NOT NULL, id BLOB NOT NULL, generation INTEGER NOT NULL, epoch INTEGER NOT NULL, people BLOB NOT NULL,
    PRIMARY KEY (slot, id)
) WITHOUT ROWID;

-- The commits of a conversation, each at the epoch that it ended. `people` are those to whom copies go; `welcomed` those whom it
-- lets in.
CREATE TABLE conversation_commit (
    slot INTEGER NOT NULL, conversation BLOB NOT NULL, generation INTEGER NOT NULL, epoch INTEGER NOT NULL, by_id INTEGER NOT NULL,
    body BLOB NOT NULL, welcome BLOB, stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, conversation, generation, epoch)
) WITHOUT ROWID;
CREATE INDEX conversation_commit_by_age ON conversation_commit (slot, stamp_ms);
