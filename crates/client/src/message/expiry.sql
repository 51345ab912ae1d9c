-- By which name a message lies at each recipient's home, and when their home was last asked whether it has let one go.
ALTER TABLE progress ADD COLUMN letter BLOB;
ALTER TABLE person ADD COLUMN expired_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX progress_at_home ON progress (account) WHERE state = 1 AND why IS NULL;
