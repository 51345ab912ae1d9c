-- What more than one device of a person needs.

-- `steps` is how often this device has told its home that it is about to send something newly sealed, `step` the next telling, until
-- the home has it: so a disk that was put back from before is found out. `is_partial`: the device was let in, and something of what it
-- is to know may be missing. `code` opens the person's backups, of which `backup` is the last number.
ALTER TABLE own ADD COLUMN steps INTEGER NOT NULL DEFAULT 0;
ALTER TABLE own ADD COLUMN step BLOB;
ALTER TABLE own ADD COLUMN is_partial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE own ADD COLUMN code TEXT;
ALTER TABLE own ADD COLUMN backup INTEGER NOT NULL DEFAULT 0;

-- Up to which of the conversation's groups this device writes nothing any more: it may have done so, and does not know how far.
ALTER TABLE conversation ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;

-- The identity for which the safety number was shown last. (`is_verified` is 2 when the identity is another one than that which was
-- verified: nothing is sent until the person has said what they think of it.)
ALTER TABLE person ADD COLUMN shown BLOB;
