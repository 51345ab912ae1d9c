-- When the group of a conversation is to be looked at again, since a device is in it that does not live any more.
ALTER TABLE conversation ADD COLUMN renew_ms INTEGER;
-- The devices whose key packages fit into no group, of which the person has been told.
CREATE TABLE unfit (device BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
