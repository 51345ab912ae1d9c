-- What this device keeps of a person's messages, beside the tables of the library that keeps the keys of groups.

-- This device: one row. `identity` only where the person's identity key is. `record` is the statement that adds the device, until the
-- ring has it. `position` is the last letter that was read, `renewed_ms` when all key packages were last made anew.
CREATE TABLE own (
    account INTEGER PRIMARY KEY, device BLOB NOT NULL, identity BLOB, record TEXT, position INTEGER NOT NULL DEFAULT 0,
    renewed_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Key packages that were made: those that the ring has not got yet, and when the last resort was.
CREATE TABLE package (
    package BLOB PRIMARY KEY, is_last_resort INTEGER NOT NULL, made_ms INTEGER NOT NULL, is_stocked INTEGER NOT NULL DEFAULT 0
) STRICT;

-- People, by account. `identity` is the one that was seen first, or that was accepted since; `checked_ms` when their chain was asked
-- for last.
CREATE TABLE person (
    account INTEGER PRIMARY KEY, nick TEXT, name TEXT, identity BLOB, is_verified INTEGER NOT NULL DEFAULT 0,
    checked_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What they have said of their devices.
CREATE TABLE record (
    account INTEGER NOT NULL, sequence INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (account, sequence)
) STRICT, WITHOUT ROWID;

-- Conversations. `generation` is the group that is used; 0 while there is none. `other` is with whom, where there are two.
CREATE TABLE conversation (
    id BLOB PRIMARY KEY, other INTEGER, generation INTEGER NOT NULL DEFAULT 0, name TEXT
) STRICT;

-- A commit of this device that waits for its home's answer: one of a conversation at a time.
CREATE TABLE pending_commit (
    conversation BLOB PRIMARY KEY, generation INTEGER NOT NULL, epoch INTEGER NOT NULL, body BLOB NOT NULL, welcome BLOB,
    people TEXT NOT NULL
) STRICT;

-- What was said, in the order in which it came here.
CREATE TABLE message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation BLOB NOT NULL, id BLOB NOT NULL, sender INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL, text TEXT NOT NULL, reply_to BLOB, is_read INTEGER NOT NULL DEFAULT 0,
    UNIQUE (conversation, sender, id)
) STRICT;
CREATE INDEX message_by_conversation ON message (conversation, seq);

-- How far each of the person's own messages has come: 0 waits here, 1 is at home, 2 was delivered, 3 was read, 9 was refused.
CREATE TABLE progress (
    conversation BLOB NOT NULL, message BLOB NOT NULL, account INTEGER NOT NULL, state INTEGER NOT NULL, why TEXT,
    PRIMARY KEY (conversation, message, account)
) STRICT, WITHOUT ROWID;

-- What is to be said and has not been sealed yet.
CREATE TABLE draft (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, conversation BLOB NOT NULL, payload TEXT NOT NULL
) STRICT;

-- What has been sealed, and to whom it must still go: `devices` is how many statements about devices they had made then. The payload
-- is kept for when it has to be sealed anew, and its number is that of the draft: the order in which it was said.
CREATE TABLE sealed (
    seq INTEGER PRIMARY KEY, letter BLOB NOT NULL, conversation BLOB NOT NULL, generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL, message BLOB, payload TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE addressee (
    sealed INTEGER NOT NULL REFERENCES sealed(seq) ON DELETE CASCADE, account INTEGER NOT NULL, devices INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sealed, account)
) STRICT, WITHOUT ROWID;

-- Letters that came before what they need: the number orders them.
CREATE TABLE early (
    number INTEGER PRIMARY KEY, conversation BLOB NOT NULL, letter TEXT NOT NULL
) STRICT;

-- Messages whose sender has yet to be told that they came, or that they were read.
CREATE TABLE receipt (
    conversation BLOB NOT NULL, message BLOB NOT NULL, is_read INTEGER NOT NULL,
    PRIMARY KEY (conversation, message, is_read)
) STRICT, WITHOUT ROWID;

-- What the person must hear of: somebody's new identity, letters that could not be opened, a ring that shows two histories.
CREATE TABLE alarm (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, account INTEGER, conversation BLOB, at_ms INTEGER NOT NULL,
    UNIQUE (kind, account, conversation)
) STRICT;
