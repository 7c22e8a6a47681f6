-- What search finds messages by. It follows the messages: an indexer keeps it, a slice at a time, and search reads those
-- messages themselves that it does not have yet.

-- The numbers of each room that are in it, from first to last; first = last + 1 for none.
CREATE TABLE search_room (
    name text COLLATE "C" PRIMARY KEY,
    first bigint NOT NULL,
    last bigint NOT NULL
);

-- Messages of which it may have a text that they do not have any more. changes: how often, since it was looked at last.
CREATE TABLE search_stale (
    room text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    changes bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (room, number)
);

-- text: with its case folded (mixsvc.common.names.fold_text).
CREATE TABLE search_text (
    room text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    text text COLLATE "C" NOT NULL,
    PRIMARY KEY (room, number)
);

CREATE FUNCTION message_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_stale (room, number) VALUES (OLD.room, OLD.number)
    ON CONFLICT (room, number) DO UPDATE SET changes = search_stale.changes + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER message_changed AFTER UPDATE OF text ON message
    FOR EACH ROW WHEN (OLD.text IS DISTINCT FROM NEW.text) EXECUTE FUNCTION message_changed();

-- Whether the texts have an index of trigrams.
CREATE FUNCTION has_search_index() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'search_text_trigrams'
    );
$$;

-- Makes that index, if the extension is there or may be made; returns '', or why there is none. The texts are written
-- anew afterwards, a slice at a time: on a table with many of them nobody could write for long.
CREATE FUNCTION make_search_index() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place text;
BEGIN
    IF has_search_index() THEN
        RETURN '';
    END IF;
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    SELECT nspname INTO place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_trgm';
    LOCK TABLE search_text, search_room, search_stale IN ACCESS EXCLUSIVE MODE;
    IF NOT has_search_index() THEN
        TRUNCATE search_text, search_room, search_stale;
        EXECUTE format('CREATE INDEX search_text_trigrams ON search_text USING gin (text %I.gin_trgm_ops)', place);
    END IF;
    RETURN '';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
SELECT make_search_index();

-- Writes texts into the index, given as columns: of each message the text that was read, and that one folded; NULL for a
-- message that is not there. noted: the changes of search_stale when it was read. A text that has changed since is left to
-- the next call, as it is in search_stale by then.
CREATE FUNCTION index_messages(rooms text[], numbers bigint[], originals text[], folded text[], noted bigint[])
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM search_text USING unnest(rooms, numbers) AS given (room, number)
    WHERE search_text.room = given.room AND search_text.number = given.number;
    INSERT INTO search_text (room, number, text)
    SELECT given.room, given.number, given.folded
    FROM unnest(rooms, numbers, originals, folded) AS given (room, number, original, folded)
    JOIN message ON message.room = given.room AND message.number = given.number AND message.text = given.original
    WHERE given.folded <> '';
    DELETE FROM search_stale USING unnest(rooms, numbers, noted) AS given (room, number, changes)
    WHERE search_stale.room = given.room AND search_stale.number = given.number
        AND search_stale.changes = given.changes;
END
$$;

-- Says that the index has the numbers of a room from first to last from now on, after those were written.
CREATE FUNCTION index_range(in_room text, new_first bigint, new_last bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_room (name, first, last) VALUES (in_room, new_first, new_last)
    ON CONFLICT (name) DO UPDATE SET first = excluded.first, last = excluded.last;
$$;
