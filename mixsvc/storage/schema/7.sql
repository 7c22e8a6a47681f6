-- What search finds messages by. It follows the messages: an indexer keeps it, a slice at a time, and search reads those
-- messages themselves that it does not have yet.

-- The numbers of each room that are in it, from first to last; first = last + 1 for none.
CREATE TABLE search_room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);

-- Messages of which it may have a text that they do not have any more.
CREATE TABLE search_stale (
    room TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (room, number)
) WITHOUT ROWID;

-- Whether deleted texts are to be taken out of its files: 1 some time, 2 soon. is_running: that has begun.
CREATE TABLE search_purge (
    due INTEGER NOT NULL,
    is_running INTEGER NOT NULL
);
INSERT INTO search_purge (due, is_running) VALUES (0, 0);

-- rowid: 2**40 times the room's id, and the number. text: with its case folded (mixsvc.common.names.fold_text).
CREATE VIRTUAL TABLE search_text USING fts5 (text, tokenize = 'trigram case_sensitive 1', columnsize = 0);

CREATE TRIGGER message_changed AFTER UPDATE OF text ON message BEGIN
    INSERT OR IGNORE INTO search_stale (room, number) VALUES (old.room, old.number);
END;

-- Where the oldest messages of a room go, the indexer sees it. Nobody but the operator deletes others.
CREATE TRIGGER message_taken AFTER DELETE ON message
WHEN EXISTS (SELECT 1 FROM message WHERE room = old.room AND number < old.number) BEGIN
    INSERT OR IGNORE INTO search_stale (room, number) VALUES (old.room, old.number);
END;
