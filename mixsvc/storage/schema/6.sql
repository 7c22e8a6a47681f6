-- author: a text that tells who may edit and delete the message from everybody else; NULL if nobody may. edited_at: when
-- the text was changed last, in seconds since 1970, UTC; NULL if it was never.
ALTER TABLE message ADD COLUMN author TEXT;
ALTER TABLE message ADD COLUMN edited_at REAL;
CREATE INDEX message_edited ON message (room, edited_at) WHERE edited_at IS NOT NULL;

-- The texts that a message had before, the oldest with the lowest version. since: when it got this text.
CREATE TABLE earlier_text (
    room TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    since REAL NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (room, number, version)
) WITHOUT ROWID;

-- They go with it.
CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.edited_at IS NOT NULL BEGIN
    DELETE FROM earlier_text WHERE room = old.room AND number = old.number;
END;
