-- Rings that this client has met, and which version of each one's list of entry machines it holds.
CREATE TABLE ring (
    id TEXT PRIMARY KEY,
    authority TEXT,
    version INTEGER NOT NULL
) STRICT;

-- The ring that a machine belongs to, once it is known; and whether only the ring names it, and no person did.
ALTER TABLE server ADD COLUMN ring TEXT REFERENCES ring(id);
ALTER TABLE server ADD COLUMN is_heard INTEGER NOT NULL DEFAULT 0;

-- The ring that a person's account is in.
ALTER TABLE person ADD COLUMN ring TEXT;
