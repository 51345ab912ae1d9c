-- Each list has an index in the order in which it is read, without what stands in it no more: however long it is, and however
-- much of it is gone, a page reads what it shows.
CREATE INDEX dweet_public ON dweet (id)
    WHERE visibility = 0 AND redweet_of IS NULL AND reply_to IS NULL AND deleted_ms IS NULL;
DROP INDEX dweet_by_author;
CREATE INDEX dweet_by_author ON dweet (slot, author_id, deleted_ms, id);
CREATE INDEX following_by_id ON following (slot, follower_id, id) WHERE state = 1;
CREATE INDEX follower_by_id ON follower (slot, author_id, id) WHERE state = 1;
CREATE INDEX block_by_id ON block (slot, account_id, id) WHERE state = 1;
CREATE INDEX mute_by_id ON mute (slot, account_id, id);
CREATE INDEX redweeted_by_id ON redweeted_by (slot, dweet_id, redweet_id) WHERE state = 1;
CREATE INDEX notification_standing ON notification (slot, account_id, id) WHERE state = 1;
