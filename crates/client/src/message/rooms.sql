-- The people of rooms, as far as this device knows them.
CREATE TABLE member (
    conversation BLOB NOT NULL, account INTEGER NOT NULL,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;

-- Changes of a room's people that its group has yet to make: in or out, and from when on this device tries to make them.
CREATE TABLE wish (
    conversation BLOB NOT NULL, account INTEGER NOT NULL, is_in INTEGER NOT NULL, due_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;

-- Whom alone something concerns; none: all of the conversation.
ALTER TABLE draft ADD COLUMN whom INTEGER;
ALTER TABLE sealed ADD COLUMN whom INTEGER;

-- Whose devices the welcome of a commit lets in.
ALTER TABLE pending_commit ADD COLUMN welcomed TEXT NOT NULL DEFAULT '[]';

-- Whether this person is in the room no more. `name` is the last one that it was given.
ALTER TABLE conversation ADD COLUMN is_left INTEGER NOT NULL DEFAULT 0;

-- What happened in a room stands among what was said: `event` is what, `subject` to whom, `text` a name.
ALTER TABLE message ADD COLUMN event TEXT;
ALTER TABLE message ADD COLUMN subject INTEGER;
