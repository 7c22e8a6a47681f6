-- Quotes as they were published: prices and dates as text, so that no digit is lost.
CREATE TABLE quote (
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    date TEXT NOT NULL,
    price TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (base, quote, date)
) WITHOUT ROWID;

-- What was said, numbered 1, 2, 3 … in each room without a gap. said_at: seconds since 1970, UTC.
CREATE TABLE message (
    room TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    said_at REAL NOT NULL,
    key TEXT,
    PRIMARY KEY (room, number)
) WITHOUT ROWID;

-- A repeat with the same key is the same message.
CREATE UNIQUE INDEX message_key ON message (room, key) WHERE key IS NOT NULL;
