-- The state of one group, on each of its machines. Version 1.
--
-- Rows of a person (or of a tag, or of an application) begin with the slot of their home, so that a half of a split is
-- one WHERE clause. Three tables belong to the group as a whole and say so. Times are milliseconds since 1970, stamped
-- by the leader. `state` of an edge is 1 while it stands and 0 when it was taken back; its row stays for its version.

-- Of the group: descriptor, record of the consensus, last stamp, arrival counter.
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- The last millisecond used in an id of the slot (rule C3); never pruned.
CREATE TABLE slot_clock (slot INTEGER PRIMARY KEY, last_ms INTEGER NOT NULL);

CREATE TABLE account (
    slot INTEGER NOT NULL, id INTEGER NOT NULL, nick TEXT NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL,
    -- The name in lower case, for the search by its beginning.
    name_key TEXT NOT NULL,
    bot INTEGER NOT NULL, discoverable INTEGER NOT NULL,
    -- What new dweets of this person are by default.
    visibility INTEGER NOT NULL, sensitive INTEGER NOT NULL, language TEXT,
    -- The card's version: grows with each change of name, note, bot, discoverable, and with the closing.
    version INTEGER NOT NULL,
    password TEXT NOT NULL, password_version INTEGER NOT NULL,
    -- The request by which it was registered (rule P3).
    registration BLOB NOT NULL,
    followers INTEGER NOT NULL DEFAULT 0, following INTEGER NOT NULL DEFAULT 0, dweets INTEGER NOT NULL DEFAULT 0,
    last_dweet_ms INTEGER,
    -- Set when it was closed; the row stays, so that the nick is never given out again (rules P4, P5).
    closed_ms INTEGER,
    PRIMARY KEY (slot, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX account_by_nick ON account (nick);
CREATE INDEX account_by_name ON account (name_key);

CREATE TABLE session (
    slot INTEGER NOT NULL, hash BLOB NOT NULL, account_id INTEGER NOT NULL, id INTEGER NOT NULL, scopes INTEGER NOT NULL,
    label TEXT NOT NULL, client_id TEXT, website TEXT, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, hash)
) WITHOUT ROWID;
CREATE INDEX session_by_account ON session (slot, account_id, id);

CREATE TABLE oauth_app (
    slot INTEGER NOT NULL, client_id TEXT NOT NULL, secret_hash BLOB NOT NULL, name TEXT NOT NULL, website TEXT,
    redirect_uris TEXT NOT NULL, scopes INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, client_id)
) WITHOUT ROWID;

-- Tokens of an application itself (client credentials), at the application's home.
CREATE TABLE app_token (
    slot INTEGER NOT NULL, hash BLOB NOT NULL, client_id TEXT NOT NULL, scopes INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, hash)
) WITHOUT ROWID;

-- Authorization codes, at the home of the person who gave them.
CREATE TABLE oauth_code (
    slot INTEGER NOT NULL, hash BLOB NOT NULL, account_id INTEGER NOT NULL, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    scopes INTEGER NOT NULL, challenge TEXT, label TEXT NOT NULL, website TEXT,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, hash)
) WITHOUT ROWID;

-- Replies remembered for repeated requests (rule P6).
CREATE TABLE request (
    slot INTEGER NOT NULL, actor INTEGER NOT NULL, key BLOB NOT NULL, kind INTEGER NOT NULL, reply BLOB NOT NULL,
    stamp_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, actor, key)
) WITHOUT ROWID;

-- Dweets and redweets of this group's people. `body` is the postcard of a Body, or for a redweet of the original's view.
CREATE TABLE dweet (
    id INTEGER PRIMARY KEY, slot INTEGER NOT NULL, author_id INTEGER NOT NULL, version INTEGER NOT NULL,
    visibility INTEGER NOT NULL, redweet_of INTEGER, reply_to INTEGER, edited_ms INTEGER, deleted_ms INTEGER,
    -- The version of the original in the body of a redweet.
    original_version INTEGER,
    replies INTEGER NOT NULL DEFAULT 0, redweets INTEGER NOT NULL DEFAULT 0, favourites INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL
);
CREATE INDEX dweet_by_author ON dweet (slot, author_id, id);
CREATE INDEX dweet_by_original ON dweet (redweet_of, author_id) WHERE redweet_of IS NOT NULL;

-- Earlier versions of edited dweets.
CREATE TABLE dweet_edit (
    slot INTEGER NOT NULL, dweet_id INTEGER NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (slot, dweet_id, version)
) WITHOUT ROWID;

-- The follower's side of an edge: the truth (rule T2). `arrival` is the group's counter when the edge came to stand;
-- `taken` is 1 once the author's home has said that its image stands.
CREATE TABLE following (
    slot INTEGER NOT NULL, follower_id INTEGER NOT NULL, author_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL, redweets INTEGER NOT NULL, arrival INTEGER NOT NULL, taken INTEGER NOT NULL DEFAULT 0,
    -- When it came to stand, as an id: the order of the list.
    id INTEGER NOT NULL,
    PRIMARY KEY (slot, follower_id, author_id)
) WITHOUT ROWID;
CREATE INDEX following_by_author ON following (author_id, taken, follower_id) WHERE state = 1;

-- The author's side: an image, in ring order of the followers, which is the order of a fan-out.
CREATE TABLE follower (
    slot INTEGER NOT NULL, author_id INTEGER NOT NULL, follower_slot INTEGER NOT NULL, follower_id INTEGER NOT NULL,
    version INTEGER NOT NULL, state INTEGER NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (slot, author_id, follower_slot, follower_id)
) WITHOUT ROWID;

CREATE TABLE block (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, target_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, target_id)
) WITHOUT ROWID;

-- The image of a block at the home of the one who is blocked.
CREATE TABLE blocked_by (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, by_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, by_id)
) WITHOUT ROWID;

CREATE TABLE mute (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, target_id INTEGER NOT NULL, notifications INTEGER NOT NULL,
    expires_ms INTEGER, id INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, target_id)
) WITHOUT ROWID;

-- The one who likes: the truth. `id` orders the list of favourites.
CREATE TABLE favourite (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, dweet_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, dweet_id)
) WITHOUT ROWID;
CREATE INDEX favourite_by_id ON favourite (slot, account_id, id) WHERE state = 1;

-- The images of favourites and redweets at the home of the dweet.
CREATE TABLE favourited_by (
    slot INTEGER NOT NULL, dweet_id INTEGER NOT NULL, account_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (slot, dweet_id, account_id)
) WITHOUT ROWID;
CREATE TABLE redweeted_by (
    slot INTEGER NOT NULL, dweet_id INTEGER NOT NULL, account_slot INTEGER NOT NULL, account_id INTEGER NOT NULL,
    redweet_id INTEGER NOT NULL, version INTEGER NOT NULL, state INTEGER NOT NULL,
    PRIMARY KEY (slot, dweet_id, account_slot, account_id)
) WITHOUT ROWID;

-- The replies to a dweet, at the dweet's home: what `replies` counts.
CREATE TABLE reply (
    slot INTEGER NOT NULL, dweet_id INTEGER NOT NULL, reply_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (slot, dweet_id, reply_id)
) WITHOUT ROWID;

-- All dweets of a thread but the first, at the home of the first. `state`: 1 stands, 0 gone, 2 stands for its author's
-- followers only; then `view` is NULL.
CREATE TABLE thread (
    slot INTEGER NOT NULL, root_id INTEGER NOT NULL, id INTEGER NOT NULL, parent_id INTEGER NOT NULL, version INTEGER NOT NULL,
    state INTEGER NOT NULL, view BLOB,
    PRIMARY KEY (slot, root_id, id)
) WITHOUT ROWID;

-- Public dweets with a hashtag, at the home of the tag.
CREATE TABLE tagged (
    slot INTEGER NOT NULL, tag TEXT NOT NULL, id INTEGER NOT NULL, author_id INTEGER NOT NULL, version INTEGER NOT NULL, view BLOB,
    PRIMARY KEY (slot, tag, id)
) WITHOUT ROWID;

CREATE TABLE notification (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL, from_id INTEGER NOT NULL,
    dweet_id INTEGER NOT NULL, version INTEGER NOT NULL,
    -- 1 stands, 0 withdrawn, 2 dismissed; the row stays so that a repeat does not bring it back.
    state INTEGER NOT NULL, author BLOB NOT NULL, view BLOB,
    PRIMARY KEY (slot, account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX notification_by_cause ON notification (slot, account_id, dweet_id, kind, from_id);

CREATE TABLE marker (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, timeline TEXT NOT NULL, last_read_id INTEGER NOT NULL,
    version INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id, timeline)
) WITHOUT ROWID;

-- What a reader has seen of the home timeline (rule T6).
CREATE TABLE reader (
    slot INTEGER NOT NULL, account_id INTEGER NOT NULL, floor INTEGER NOT NULL, top INTEGER NOT NULL, below_id INTEGER NOT NULL,
    older_below_id INTEGER NOT NULL, marker_id INTEGER NOT NULL, marker_top INTEGER NOT NULL,
    PRIMARY KEY (slot, account_id)
) WITHOUT ROWID;

-- Of the group: what was delivered to it, once, whoever of its people follows the author. Arrival 0 was fetched by a
-- first follow and never counts as unseen. When it was deleted, `state` is 0 and `view` NULL.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, original_id INTEGER NOT NULL, original_author_id INTEGER NOT NULL,
    arrival INTEGER NOT NULL, version INTEGER NOT NULL, state INTEGER NOT NULL, view BLOB
);
CREATE INDEX entry_by_author ON entry (author_id, state, id, arrival);
CREATE INDEX entry_by_arrival ON entry (author_id, arrival);

-- Of the group: cards of the authors whom its people follow (rule T10). `fetched` once the author's recent dweets came
-- with the first follow (rule T3).
CREATE TABLE card (
    account_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, fetched INTEGER NOT NULL DEFAULT 0, view BLOB NOT NULL
);

-- What must still be done at other homes. One row per cause: a change replaces the waiting row by one with a new number.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, slot INTEGER NOT NULL, kind INTEGER NOT NULL, subject INTEGER NOT NULL, object BLOB NOT NULL
);
CREATE UNIQUE INDEX outbox_by_cause ON outbox (slot, kind, subject, object);
