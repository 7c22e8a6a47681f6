-- What programs publish, numbered 1, 2, 3 … in each topic without a gap. at: seconds since 1970, UTC, never less than the
-- one before in the topic; NULL if the time of day was not known. name: '' for an event without one.
CREATE TABLE topic_event (
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    key TEXT,
    at REAL,
    PRIMARY KEY (topic, number)
) WITHOUT ROWID;

-- A repeat with the same key is the same event.
CREATE UNIQUE INDEX topic_event_key ON topic_event (topic, key) WHERE key IS NOT NULL;
CREATE INDEX topic_event_at ON topic_event (at);

-- A topic's numbering outlives its events. began: the number before its first one. at: of the newest event.
CREATE TABLE topic (
    name TEXT NOT NULL PRIMARY KEY,
    began INTEGER NOT NULL,
    last INTEGER NOT NULL,
    at REAL
) WITHOUT ROWID;

-- The highest number that any forgotten topic had; a new one begins above it, as rooms do.
CREATE TABLE topic_floor (number INTEGER NOT NULL);
INSERT INTO topic_floor (number) VALUES (0);
