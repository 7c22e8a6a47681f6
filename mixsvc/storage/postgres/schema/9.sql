-- What is deleted stays in PostgreSQL's indexes until the table is vacuumed, and a search that begins at a room's lowest
-- number walks past all of it: in a room that is written to without a pause ever more. So searches begin higher.

-- first: nothing of the room, or topic, has a lower number; the lowest number that it has may be higher.
ALTER TABLE room ADD COLUMN first bigint NOT NULL DEFAULT 0;
ALTER TABLE topic ADD COLUMN first bigint NOT NULL DEFAULT 0;

-- Deletes what a room has beyond `keep` messages, at most `pruned` of each; the caller has locked the rooms. The newest
-- message always stays, so that a repetition of it is recognised. A plan that is made for a table with few rows is kept while
-- it grows, and would read all of it.
CREATE FUNCTION prune_messages(rooms text[], keep bigint, pruned bigint) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    WITH full_room AS MATERIALIZED (
        SELECT room.name, room.first, least(
            room.last - greatest(keep, 1),
            (
                SELECT min(message.number) FROM message
                WHERE message.room = room.name AND message.number >= room.first
            ) + pruned - 1
        ) AS up
        FROM room WHERE room.name = ANY (rooms) AND room.last > greatest(keep, 1)
    ), moved AS (
        UPDATE room SET first = full_room.up + 1
        FROM full_room WHERE room.name = full_room.name AND full_room.first <= full_room.up
    )
    DELETE FROM message USING full_room
    WHERE message.room = full_room.name AND message.number BETWEEN full_room.first AND full_room.up;
END
$$;

-- The same for topics.
CREATE FUNCTION prune_events(topics text[], keep bigint, slice bigint) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    WITH full_topic AS MATERIALIZED (
        SELECT topic.name, topic.first, least(
            topic.last - greatest(keep, 1),
            (
                SELECT min(topic_event.number) FROM topic_event
                WHERE topic_event.topic = topic.name AND topic_event.number >= topic.first
            ) + slice - 1
        ) AS up
        FROM topic WHERE topic.name = ANY (topics) AND topic.last > greatest(keep, 1)
    ), moved AS (
        UPDATE topic SET first = full_topic.up + 1
        FROM full_topic WHERE topic.name = full_topic.name AND full_topic.first <= full_topic.up
    )
    DELETE FROM topic_event USING full_topic
    WHERE topic_event.topic = full_topic.name AND topic_event.number BETWEEN full_topic.first AND full_topic.up;
END
$$;

-- Who comes back is told of the newest edits by the numbers of the changes: the time of day may have been wrong.
DROP INDEX message_edited;
CREATE INDEX message_edited ON message (room, change DESC NULLS LAST) WHERE edited_at IS NOT NULL;

-- Of the functions up to drop_events only where searches begin has changed, and which edits are the newest. Each stands
-- whole here, as SQL has no way to change a part of one; processes of the version before call the same.

CREATE OR REPLACE FUNCTION append_messages(
    rooms text[], names text[], texts text[], keys text[], kinds text[], marks bigint[], authors text[],
    keep bigint, pruned bigint
) RETURNS TABLE (
    number bigint, name text, text text, said_at double precision, kind text, is_deleted boolean, is_edited boolean,
    is_repeated boolean, mark bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    locked bigint;
    moment timestamptz;
BEGIN
    LOOP
        -- A new room's last number is read below, by a statement that sees what was forgotten meanwhile.
        INSERT INTO room (name, last)
        SELECT each.name, -1 FROM (SELECT DISTINCT unnest(rooms) COLLATE "C" AS name) each ORDER BY each.name
        ON CONFLICT DO NOTHING;
        SELECT count(*) INTO locked
        FROM (SELECT FROM room WHERE room.name = ANY (rooms) ORDER BY room.name FOR UPDATE) each;
        -- One may have been forgotten between the two statements.
        EXIT WHEN locked = (SELECT count(DISTINCT each) FROM unnest(rooms) each);
    END LOOP;
    moment := clock_timestamp();

    -- Windows and no joins of drafts with each other: their number is not estimated, and a thousand may come.
    RETURN QUERY
    WITH draft AS (
        SELECT given.*, found.number AS known, found.name AS known_name, found.text AS known_text, found.said_at,
            found.kind AS known_kind, found.mark AS known_mark, found.deleted_by IS NOT NULL AS is_deleted,
            found.edited_at IS NOT NULL AS is_edited,
            found.number IS NULL AND (given.key IS NULL OR given.place = min(given.place) OVER same_key) AS is_new
        FROM unnest(rooms, names, texts, keys, kinds, marks, authors)
            WITH ORDINALITY AS given (room, name, text, key, kind, mark, author, place)
        LEFT JOIN LATERAL (
            -- One search in the index for each, however the table has grown.
            SELECT * FROM message WHERE message.room = given.room AND message.key = given.key LIMIT 1
        ) found ON true
        WINDOW same_key AS (PARTITION BY given.room, given.key)
    ), numbered AS (
        SELECT draft.*, count(*) FILTER (WHERE draft.is_new) OVER (PARTITION BY draft.room ORDER BY draft.place)
            + CASE room.last WHEN -1 THEN (SELECT room_floor.number FROM room_floor) ELSE room.last END AS number
        FROM draft JOIN room ON room.name = draft.room
    ), stored AS (
        INSERT INTO message (room, number, name, text, said_at, key, kind, mark, author)
        SELECT each.room, each.number, each.name, each.text, moment, each.key, each.kind, each.mark, each.author
        FROM numbered each WHERE each.is_new
    ), changed AS (
        UPDATE room SET last = news.last, topic = coalesce(news.topics[array_upper(news.topics, 1)], room.topic)
        FROM (
            SELECT each.room, max(each.number) AS last,
                array_agg(each.text ORDER BY each.place) FILTER (WHERE each.kind = 'topic') AS topics
            FROM numbered each WHERE each.is_new GROUP BY each.room
        ) news
        WHERE room.name = news.room
    )
    SELECT coalesce(each.known, first_value(each.number) OVER same_key),
        coalesce(each.known_name, first_value(each.name) OVER same_key),
        coalesce(each.known_text, first_value(each.text) OVER same_key),
        extract(epoch FROM coalesce(each.said_at, moment))::double precision,
        coalesce(each.known_kind, first_value(each.kind) OVER same_key),
        -- Whoever asks again, as the first answer was lost, gets the first answer.
        each.is_deleted, each.is_edited, NOT each.is_new AND each.known_mark IS DISTINCT FROM each.mark, each.mark
    FROM numbered each
    WINDOW same_key AS (
        PARTITION BY each.room, each.key, CASE WHEN each.key IS NULL THEN each.place END ORDER BY each.place
    )
    ORDER BY each.place;

    PERFORM prune_messages(rooms, keep, pruned);
END
$$;

CREATE OR REPLACE FUNCTION read_pages(
    rooms text[], afters bigint[], befores bigint[], limits bigint[], seens bigint[],
    knows boolean[], are_foreign boolean[], seen_numbers bigint[], seen_tokens text[], anews bigint[],
    keep bigint, page_bytes bigint, around_text bigint, deleted_told bigint, edited_told bigint
) RETURNS TABLE (
    first bigint, last bigint, topic text, deleted bigint[], token text, is_reset boolean,
    numbers bigint[], names text[], texts text[], times double precision[], kinds text[], are_deleted boolean[],
    are_edited boolean[], edited jsonb
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT kept.first, head.last, head.topic, gone.numbers,
        CASE WHEN asked.before IS NULL THEN head.last || '.' || coalesce((
            SELECT coalesce(to_hex(message.mark), 'old') FROM message
            WHERE message.room = asked.room AND message.number = head.last
        ), '') ELSE '' END,
        other.is_reset, page.numbers, page.names, page.texts, page.times, page.kinds, page.are_deleted,
        page.are_edited, changed.messages
    FROM unnest(
        rooms, afters, befores, limits, seens, knows, are_foreign, seen_numbers, seen_tokens, anews
    ) WITH ORDINALITY AS asked (
        room, after, before, most, seen, knows, is_foreign, seen_number, seen_token, anew, place
    )
    LEFT JOIN room ON room.name = asked.room
    CROSS JOIN LATERAL (
        SELECT coalesce(room.last, (SELECT room_floor.number FROM room_floor)) AS last,
            coalesce(room.topic, '') AS topic
    ) head
    CROSS JOIN LATERAL (
        -- Messages that are still to be pruned are not shown.
        SELECT coalesce(min(message.number), head.last + 1) AS first
        FROM message WHERE message.room = asked.room AND message.number > head.last - keep
    ) kept
    CROSS JOIN LATERAL (
        -- What is not kept any more cannot be compared; but then the page has everything that is kept.
        SELECT asked.knows AND (
            asked.is_foreign OR asked.after > head.last OR coalesce(asked.seen_number > head.last, false)
            OR EXISTS (
                SELECT FROM message WHERE message.room = asked.room AND message.number = asked.seen_number
                    AND message.number || '.' || coalesce(to_hex(message.mark), 'old') <> asked.seen_token
            )
        ) AS is_reset
    ) other
    CROSS JOIN LATERAL (
        SELECT CASE WHEN other.is_reset THEN 0 ELSE asked.after END AS after,
            CASE WHEN other.is_reset THEN asked.anew ELSE asked.most END AS most,
            CASE WHEN other.is_reset THEN 0 ELSE asked.seen END AS seen
    ) wanted
    CROSS JOIN LATERAL (
        SELECT array_agg(told.number ORDER BY told.number) AS numbers
        FROM (
            SELECT message.number FROM message
            WHERE wanted.seen > 0 AND message.room = asked.room AND message.deleted_by IS NOT NULL
                AND message.number BETWEEN kept.first AND wanted.seen
            ORDER BY message.number DESC LIMIT deleted_told
        ) told
    ) gone
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(
            told.number, told.name, told.text, extract(epoch FROM told.said_at), told.kind, false, true
        ) ORDER BY told.change DESC NULLS LAST, told.edited_at DESC, told.number DESC) AS messages
        FROM (
            SELECT message.* FROM message
            WHERE wanted.seen > 0 AND message.room = asked.room AND message.edited_at IS NOT NULL
                AND message.number BETWEEN kept.first AND wanted.seen
            ORDER BY message.change DESC NULLS LAST, message.edited_at DESC, message.number DESC LIMIT edited_told
        ) told
    ) changed
    CROSS JOIN LATERAL (
        -- No more than surely fit: the caller counts each byte.
        SELECT array_agg(fitting.number ORDER BY fitting.number) AS numbers,
            array_agg(fitting.name ORDER BY fitting.number) AS names,
            array_agg(fitting.text ORDER BY fitting.number) AS texts,
            array_agg(extract(epoch FROM fitting.said_at)::double precision ORDER BY fitting.number) AS times,
            array_agg(fitting.kind ORDER BY fitting.number) AS kinds,
            array_agg(fitting.deleted_by IS NOT NULL ORDER BY fitting.number) AS are_deleted,
            array_agg(fitting.edited_at IS NOT NULL ORDER BY fitting.number) AS are_edited
        FROM (
            SELECT newest.*, coalesce(sum(octet_length(newest.name) + octet_length(newest.text) + around_text) OVER (
                ORDER BY newest.number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0) AS newer_bytes
            FROM (
                SELECT message.* FROM message
                WHERE message.room = asked.room AND message.number > greatest(wanted.after, kept.first - 1)
                    AND message.number < coalesce(asked.before, head.last + 1)
                ORDER BY message.number DESC LIMIT wanted.most
            ) newest
        ) fitting
        WHERE fitting.newer_bytes <= page_bytes
    ) page
    ORDER BY asked.place;
END
$$;

CREATE OR REPLACE FUNCTION expire_messages(in_room text, moment timestamptz, cutoff timestamptz, pruned bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    old bigint := 0;
    seen bigint;
    bound bigint;
    size bigint;
    young bigint;
    count bigint;
BEGIN
    SELECT first - 1 INTO seen FROM room WHERE name = in_room FOR UPDATE;
    seen := coalesce(seen, 0);
    bound := seen;
    WHILE old = 0 AND young IS NULL LOOP
        WITH slice AS (
            SELECT number, said_at FROM message WHERE room = in_room AND number > seen ORDER BY number LIMIT pruned
        ), youngest AS (
            SELECT min(number) AS number FROM slice WHERE said_at BETWEEN cutoff AND moment
        )
        SELECT count(*), coalesce(max(slice.number), seen), max(youngest.number),
            coalesce(max(slice.number) FILTER (
                WHERE said_at < cutoff AND slice.number < coalesce(youngest.number, slice.number + 1)
            ), 0)
        INTO size, seen, young, old FROM slice CROSS JOIN youngest;
        IF size < pruned AND young IS NULL THEN
            UPDATE message SET said_at = moment WHERE room = in_room AND number > old AND said_at > moment;
            EXIT;
        END IF;
    END LOOP;
    DELETE FROM message WHERE room = in_room AND number > bound AND number <= old;
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;

CREATE OR REPLACE FUNCTION append_events(
    topics text[], names text[], texts text[], keys text[], keep bigint, most bigint, slice bigint
) RETURNS TABLE (number bigint, is_repeated boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    wanted text[];
    locked bigint;
    moment timestamptz;
BEGIN
    SELECT coalesce(array_agg(each.name), '{}') INTO wanted
    FROM (
        SELECT given.name, topic.name IS NULL AS is_new,
            count(*) FILTER (WHERE topic.name IS NULL) OVER (ORDER BY given.place) AS rank
        FROM (
            SELECT each.name COLLATE "C" AS name, min(each.place) AS place
            FROM unnest(topics) WITH ORDINALITY AS each (name, place) GROUP BY each.name COLLATE "C"
        ) given
        LEFT JOIN topic ON topic.name = given.name
    ) each
    WHERE NOT each.is_new OR each.rank <= most - (SELECT count(*) FROM topic);
    LOOP
        -- A new topic's last number is read below, by a statement that sees what was forgotten meanwhile.
        INSERT INTO topic (name, began, last, at)
        SELECT each.name, -1, -1, clock_timestamp() FROM unnest(wanted) AS each (name) ORDER BY each.name COLLATE "C"
        ON CONFLICT DO NOTHING;
        SELECT count(*) INTO locked
        FROM (SELECT FROM topic WHERE topic.name = ANY (wanted) ORDER BY topic.name FOR UPDATE) each;
        -- One may have been forgotten between the two statements.
        EXIT WHEN locked = cardinality(wanted);
    END LOOP;
    moment := clock_timestamp();

    -- Windows and no joins of drafts with each other: their number is not estimated, and a thousand may come.
    RETURN QUERY
    WITH draft AS (
        SELECT given.*, found.number AS known, held.name IS NOT NULL AS is_held,
            held.name IS NOT NULL AND found.number IS NULL
                AND (given.key IS NULL OR given.place = min(given.place) OVER same_key) AS is_new
        FROM unnest(topics, names, texts, keys) WITH ORDINALITY AS given (topic, name, data, key, place)
        LEFT JOIN unnest(wanted) AS held (name) ON held.name = given.topic
        LEFT JOIN LATERAL (
            -- One search in the index for each, however the table has grown.
            SELECT * FROM topic_event
            WHERE topic_event.topic = given.topic AND topic_event.key = given.key LIMIT 1
        ) found ON true
        WINDOW same_key AS (PARTITION BY given.topic, given.key)
    ), numbered AS (
        SELECT draft.*, greatest(topic.at, moment) AS at,
            count(*) FILTER (WHERE draft.is_new) OVER (PARTITION BY draft.topic ORDER BY draft.place)
                + CASE topic.last WHEN -1 THEN (SELECT topic_floor.number FROM topic_floor) ELSE topic.last END
                AS number
        FROM draft LEFT JOIN topic ON topic.name = draft.topic
    ), stored AS (
        INSERT INTO topic_event (topic, number, name, data, key, at)
        SELECT each.topic, each.number, each.name, each.data, each.key, each.at
        FROM numbered each WHERE each.is_new
    ), changed AS (
        UPDATE topic SET last = news.last, at = news.at,
            began = CASE topic.began WHEN -1 THEN (SELECT topic_floor.number FROM topic_floor) ELSE topic.began END
        FROM (
            SELECT each.topic, max(each.number) AS last, max(each.at) AS at
            FROM numbered each WHERE each.is_new GROUP BY each.topic
        ) news
        WHERE topic.name = news.topic
    )
    SELECT CASE WHEN each.is_held THEN coalesce(each.known, first_value(each.number) OVER same_key) END,
        NOT each.is_new
    FROM numbered each
    WINDOW same_key AS (
        PARTITION BY each.topic, each.key, CASE WHEN each.key IS NULL THEN each.place END ORDER BY each.place
    )
    ORDER BY each.place;

    PERFORM prune_events(wanted, keep, slice);
END
$$;

CREATE OR REPLACE FUNCTION drop_events(topics text[], ups bigint[], slice bigint) RETURNS bigint LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    count bigint;
BEGIN
    -- In the order in which those who append wait for them.
    PERFORM FROM topic WHERE name = ANY (topics) ORDER BY name FOR UPDATE;
    DELETE FROM topic_event WHERE (topic, number) IN (
        SELECT old.topic, old.number
        FROM unnest(topics, ups) WITH ORDINALITY AS asked (topic, up, place)
        JOIN topic ON topic.name = asked.topic
        JOIN topic_event old ON old.topic = asked.topic AND old.number BETWEEN topic.first AND asked.up
        ORDER BY asked.place, old.number LIMIT slice
    );
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;

-- Dates or deletes, as before. As soon as no event of a topic is dated in the future, the topic is not either: else the next one
-- would get this date again, and while events are published without a pause nothing would be deleted.
CREATE OR REPLACE FUNCTION expire_events(moment timestamptz, cutoff timestamptz, slice bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    held text[];
    count bigint;
BEGIN
    SELECT array_agg(DISTINCT each.topic) INTO held FROM (
        (SELECT topic FROM topic_event WHERE at > moment ORDER BY topic, number LIMIT slice)
        UNION ALL (SELECT topic FROM topic_event WHERE at < cutoff ORDER BY at, topic, number LIMIT slice)
        UNION ALL (SELECT name FROM topic WHERE at > moment ORDER BY name LIMIT slice)
    ) each;
    PERFORM FROM topic WHERE name = ANY (held) ORDER BY name FOR UPDATE;
    UPDATE topic_event SET at = moment WHERE (topic, number) IN (
        SELECT topic, number FROM topic_event
        WHERE at > moment AND topic = ANY (held) ORDER BY topic, number LIMIT slice
    );
    GET DIAGNOSTICS count = ROW_COUNT;
    UPDATE topic SET at = moment WHERE topic.at > moment AND topic.name = ANY (held) AND NOT EXISTS (
        SELECT FROM topic_event WHERE topic_event.topic = topic.name AND topic_event.at > moment
    );
    IF count > 0 THEN
        RETURN count;
    END IF;
    DELETE FROM topic_event WHERE (topic, number) IN (
        SELECT topic, number FROM topic_event
        WHERE at < cutoff AND topic = ANY (held) ORDER BY at, topic, number LIMIT slice
    );
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;

-- The texts of a slice are looked up one by one, and so when the plan was made while there were few.
ALTER FUNCTION index_messages(text[], bigint[], text[], text[], bigint[]) SET enable_seqscan = off;

-- What is new waits in a list, which whoever fills it puts into the index. With 4 MB, as it has by default, that takes
-- 50 ms and more, for which nobody can say anything on that node; with these kilobytes, a few.
CREATE OR REPLACE FUNCTION make_search_index() RETURNS text LANGUAGE plpgsql AS $$
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
        EXECUTE format(
            'CREATE INDEX search_text_trigrams ON search_text USING gin (text %I.gin_trgm_ops)'
            ' WITH (gin_pending_list_limit = 256)', place
        );
    END IF;
    RETURN '';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;

DO $$
BEGIN
    IF has_search_index() THEN
        ALTER INDEX search_text_trigrams SET (gin_pending_list_limit = 256);
    END IF;
END
$$;

-- The topic of a room has changed, as before. The lock of the audit log comes before that of the journal everywhere: whoever
-- deletes the message that set a topic takes it afterwards, and would wait for others who have it and wait for the journal.
CREATE OR REPLACE FUNCTION topic_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM counter WHERE name = 'audit' FOR UPDATE;
    PERFORM add_event('topic', NEW.name, jsonb_build_object('room', NEW.name, 'topic', NEW.topic));
    RETURN NULL;
END
$$;
