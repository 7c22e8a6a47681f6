-- change: the number of the last change of the text, of all changes in all rooms; NULL if it was never changed.
ALTER TABLE message ADD COLUMN change INTEGER;
CREATE INDEX message_change ON message (change) WHERE change IS NOT NULL;

-- The number of the last change.
CREATE TABLE change_floor (number INTEGER NOT NULL);
INSERT INTO change_floor (number) VALUES (0);

CREATE TRIGGER message_numbered AFTER UPDATE OF text ON message BEGIN
    UPDATE change_floor SET number = number + 1;
    UPDATE message SET change = (SELECT number FROM change_floor) WHERE room = new.room AND number = new.number;
END;

-- How far outgoing webhooks have come. scope: of which rooms each is told. change: of the last change that was sent.
-- attempts: how many of the next event have failed. retry_at: when it is tried again, in seconds since 1970, UTC. gone:
-- names the address that wants no more, or the one that is waited for, with the length of the wait; '' for none.
CREATE TABLE webhook (
    name TEXT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL,
    change INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    retry_at REAL,
    gone TEXT NOT NULL
) WITHOUT ROWID;

-- number: of the last message of a room that was sent.
CREATE TABLE webhook_room (
    hook TEXT NOT NULL,
    room TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (hook, room)
) WITHOUT ROWID;
