-- What a client keeps. A row that belongs to a person names the person's nick: logging out removes those rows.

-- Machines of the ring, in the order in which they are asked.
CREATE TABLE server (
    url TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    authority TEXT REFERENCES authority(fingerprint)
) STRICT;

-- Certificate authorities that the person vouched for.
CREATE TABLE authority (
    fingerprint TEXT PRIMARY KEY,
    pem TEXT NOT NULL
) STRICT;

-- Who is logged in: one row at most has a token.
CREATE TABLE person (
    nick TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    token TEXT
) STRICT;

-- Actions whose answer never came: the key is used again when the same action is asked for again.
CREATE TABLE attempt (
    person TEXT NOT NULL,
    action TEXT NOT NULL,
    key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (person, action)
) STRICT, WITHOUT ROWID;

-- Profiles as last seen.
CREATE TABLE profile (
    person TEXT NOT NULL,
    nick TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (person, nick)
) STRICT, WITHOUT ROWID;

-- When a view (home, a profile's dweets, a thread, …) was last seen, and its rows, greatest `sort` first.
CREATE TABLE view (
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    person TEXT NOT NULL,
    view TEXT NOT NULL,
    sort INTEGER NOT NULL,
    dweet TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (person, view, sort)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_by_dweet ON entry (person, dweet);

-- The short numbers of the last list that was shown.
CREATE TABLE listing (
    person TEXT NOT NULL,
    number INTEGER NOT NULL,
    dweet TEXT NOT NULL,
    PRIMARY KEY (person, number)
) STRICT, WITHOUT ROWID;

-- Lines typed at the console, and nicks met, for completion.
CREATE TABLE line (
    id INTEGER PRIMARY KEY,
    person TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE met (
    person TEXT NOT NULL,
    nick TEXT NOT NULL,
    PRIMARY KEY (person, nick)
) STRICT, WITHOUT ROWID;
