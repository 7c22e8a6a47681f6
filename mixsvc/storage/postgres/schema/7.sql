-- change: the number of the last change of the text, of all changes in all rooms; NULL if it was never changed.
ALTER TABLE message ADD COLUMN change bigint;
CREATE INDEX message_change ON message (change) WHERE change IS NOT NULL;

-- The number of the last change. Whoever changes a text has its lock up to the commit, so the order of the numbers is that
-- of the commits. It is taken last, at the commit: so nobody who has it waits for the lock of another one.
CREATE TABLE change_floor (number bigint NOT NULL);
INSERT INTO change_floor (number) VALUES (0);

CREATE FUNCTION message_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE change_floor SET number = number + 1;
    UPDATE message SET change = (SELECT number FROM change_floor) WHERE room = NEW.room AND number = NEW.number;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER message_numbered AFTER UPDATE OF text ON message DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION message_numbered();

-- How far outgoing webhooks have come. scope: of which rooms each is told. change: of the last change that was sent.
-- attempts: how many of the next event have failed. retry_at: when it is tried again. gone: names the address that wants no
-- more, or the one that is waited for, with the length of the wait; '' for none.
CREATE TABLE webhook (
    name text COLLATE "C" PRIMARY KEY,
    scope text NOT NULL,
    change bigint NOT NULL,
    attempts bigint NOT NULL,
    retry_at timestamptz,
    gone text NOT NULL
);

-- number: of the last message of a room that was sent.
CREATE TABLE webhook_room (
    hook text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (hook, room)
);
