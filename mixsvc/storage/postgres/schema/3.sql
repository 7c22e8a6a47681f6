-- What programs publish, numbered 1, 2, 3 … in each topic without a gap. at: never less than the one before in the topic.
-- name: '' for an event without one. A repeat with the same key is the same event.
CREATE TABLE topic_event (
    topic text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL,
    data text NOT NULL,
    key text COLLATE "C",
    at timestamptz NOT NULL,
    PRIMARY KEY (topic, number)
);
CREATE UNIQUE INDEX topic_event_key ON topic_event (topic, key) WHERE key IS NOT NULL;
CREATE INDEX topic_event_at ON topic_event (at);

-- A topic's numbering outlives its events. began: the number before its first one. at: of the newest event.
CREATE TABLE topic (
    name text COLLATE "C" PRIMARY KEY,
    began bigint NOT NULL,
    last bigint NOT NULL,
    at timestamptz NOT NULL
);

-- The highest number that any forgotten topic had; a new one begins above it, as rooms do.
CREATE TABLE topic_floor (number bigint NOT NULL);
INSERT INTO topic_floor (number) VALUES (0);

-- Stores events, given as columns, and numbers them. keep: how many of a topic stay; most: how many topics there may be;
-- slice: how many go at most. Returns a row for each, in their order: its number, or that of the event that is stored
-- under its key; NULL for an event of a new topic that is one too many.
CREATE FUNCTION append_events(
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

    -- The newest event always stays, so that a repetition of it is recognised.
    WITH full_topic AS MATERIALIZED (
        SELECT topic.name, least(
            topic.last - greatest(keep, 1),
            (SELECT min(topic_event.number) FROM topic_event WHERE topic_event.topic = topic.name) + slice - 1
        ) AS number
        FROM topic WHERE topic.name = ANY (wanted) AND topic.last > greatest(keep, 1)
    )
    DELETE FROM topic_event USING full_topic
    WHERE topic_event.topic = full_topic.name AND topic_event.number <= full_topic.number;
END
$$;

-- Deletes events with numbers up to these, at most `slice`; returns how many.
CREATE FUNCTION drop_events(topics text[], ups bigint[], slice bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    count bigint;
BEGIN
    -- In the order in which those who append wait for them.
    PERFORM FROM topic WHERE name = ANY (topics) ORDER BY name FOR UPDATE;
    DELETE FROM topic_event WHERE (topic, number) IN (
        SELECT old.topic, old.number
        FROM unnest(topics, ups) WITH ORDINALITY AS asked (topic, up, place)
        JOIN topic_event old ON old.topic = asked.topic AND old.number <= asked.up
        ORDER BY asked.place, old.number LIMIT slice
    );
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;

-- Dates what is dated in the future, or else deletes what is older than a time, at most `slice`; returns how many.
CREATE FUNCTION expire_events(moment timestamptz, cutoff timestamptz, slice bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    held text[];
    count bigint;
BEGIN
    SELECT array_agg(DISTINCT each.topic) INTO held FROM (
        (SELECT topic FROM topic_event WHERE at > moment ORDER BY topic, number LIMIT slice)
        UNION ALL (SELECT topic FROM topic_event WHERE at < cutoff ORDER BY at, topic, number LIMIT slice)
    ) each;
    PERFORM FROM topic WHERE name = ANY (held) ORDER BY name FOR UPDATE;
    UPDATE topic_event SET at = moment WHERE (topic, number) IN (
        SELECT topic, number FROM topic_event
        WHERE at > moment AND topic = ANY (held) ORDER BY topic, number LIMIT slice
    );
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count > 0 THEN
        RETURN count;
    END IF;
    UPDATE topic SET at = moment WHERE at > moment AND name = ANY (held);
    DELETE FROM topic_event WHERE (topic, number) IN (
        SELECT topic, number FROM topic_event
        WHERE at < cutoff AND topic = ANY (held) ORDER BY at, topic, number LIMIT slice
    );
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;

-- Forgets topics without events until there are at most so many, the oldest first, at most `slice`; returns how many.
CREATE FUNCTION forget_topics(most bigint, slice bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    surplus bigint := (SELECT count(*) FROM topic) - most;
    held text[];
    gone bigint[];
BEGIN
    IF surplus <= 0 THEN
        RETURN 0;
    END IF;
    SELECT array_agg(name) INTO held FROM (
        -- Who is locked is written just now.
        SELECT name FROM topic WHERE NOT EXISTS (SELECT FROM topic_event WHERE topic = topic.name)
        ORDER BY at, name LIMIT least(surplus, slice) FOR UPDATE SKIP LOCKED
    ) each;
    -- A statement that sees what was stored up to the lock.
    WITH forgotten AS (
        DELETE FROM topic WHERE name = ANY (held) AND NOT EXISTS (SELECT FROM topic_event WHERE topic = topic.name)
        RETURNING last
    )
    SELECT array_agg(last) INTO gone FROM forgotten;
    UPDATE topic_floor SET number = greatest(number, (SELECT max(last) FROM unnest(gone) AS last));
    RETURN coalesce(cardinality(gone), 0);
END
$$;
