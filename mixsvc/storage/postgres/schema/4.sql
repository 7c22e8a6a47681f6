-- author: a text that tells who may edit and delete the message from everybody else; NULL if nobody may. edited_at: when
-- the text was changed last; NULL if it was never.
ALTER TABLE message ADD COLUMN author text, ADD COLUMN edited_at timestamptz;
CREATE INDEX message_edited ON message (room, edited_at) WHERE edited_at IS NOT NULL;

-- The texts that a message had before, the oldest with the lowest version. since: when it got this text.
CREATE TABLE earlier_text (
    room text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    version bigint NOT NULL,
    since timestamptz NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (room, number, version)
);

-- They go with it.
CREATE FUNCTION message_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM earlier_text WHERE earlier_text.room = OLD.room AND earlier_text.number = OLD.number;
    RETURN NULL;
END
$$;
CREATE TRIGGER message_gone AFTER DELETE ON message
    FOR EACH ROW WHEN (OLD.edited_at IS NOT NULL) EXECUTE FUNCTION message_gone();

-- The functions of the same names with fewer arguments are those of processes of the version before, which may run on
-- beside those of this one. So these stand whole here, and say again what has not changed.

-- Stores messages, as that of version 1 does; authors: who may edit and delete each.
CREATE FUNCTION append_messages(
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

    -- The newest message always stays, so that a repetition of it is recognised.
    WITH full_room AS MATERIALIZED (
        SELECT room.name, least(
            room.last - greatest(keep, 1),
            (SELECT min(message.number) FROM message WHERE message.room = room.name) + pruned - 1
        ) AS number
        FROM room WHERE room.name = ANY (rooms) AND room.last > greatest(keep, 1)
    )
    DELETE FROM message USING full_room
    WHERE message.room = full_room.name AND message.number <= full_room.number;
END
$$;

-- Reads a page for each query, as that of version 1 does. edited: the fields of the messages up to `seen` that were edited,
-- those that were edited last first.
CREATE FUNCTION read_pages(
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
        SELECT greatest(coalesce(min(message.number), head.last + 1), head.last - keep + 1) AS first
        FROM message WHERE message.room = asked.room
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
        ) ORDER BY told.edited_at DESC, told.number DESC) AS messages
        FROM (
            SELECT message.* FROM message
            WHERE wanted.seen > 0 AND message.room = asked.room AND message.edited_at IS NOT NULL
                AND message.number BETWEEN kept.first AND wanted.seen
            ORDER BY message.edited_at DESC, message.number DESC LIMIT edited_told
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

-- Deletes what a message has said before, also from the journal.
CREATE FUNCTION forget_texts(in_room text, of_number bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM earlier_text WHERE room = in_room AND number = of_number;
    UPDATE event SET body = body - 'text'
    WHERE kind = 'edit' AND room = in_room AND (body ->> 'number')::bigint = of_number;
$$;

-- Deletes a message's text, and the topic that it set; event is NULL if there is no such message or it was deleted
-- before. topic: the room's from now on.
CREATE OR REPLACE FUNCTION delete_message(
    in_room text, of_number bigint, moderator text, entry jsonb, body jsonb, OUT event bigint, OUT topic text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM room WHERE room.name = in_room FOR UPDATE;
    UPDATE room SET topic = ''
    WHERE room.name = in_room AND of_number = (
        SELECT max(message.number) FROM message
        WHERE message.room = in_room AND message.kind = 'topic' AND message.deleted_by IS NULL
    );
    UPDATE message SET text = '', deleted_by = moderator, edited_at = NULL
    WHERE message.room = in_room AND message.number = of_number AND message.deleted_by IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM forget_texts(in_room, of_number);
    -- None if the author has deleted it.
    IF entry IS NOT NULL THEN
        PERFORM add_audit(entry);
    END IF;
    delete_message.topic := coalesce((SELECT room.topic FROM room WHERE room.name = in_room), '');
    delete_message.event := add_event(
        'delete', in_room, body || jsonb_build_object('topic', delete_message.topic)
    );
END
$$;

-- Why an author may not change a message: 'missing', 'foreign' if it is somebody else's, 'late'; '' if it is permitted.
-- seconds: for how long after it was said it may be changed. The caller has locked the room.
CREATE FUNCTION refused_change(in_room text, of_number bigint, by_author text, seconds double precision)
RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((
        SELECT CASE
            WHEN deleted_by IS NOT NULL THEN 'missing'
            WHEN author IS DISTINCT FROM by_author THEN 'foreign'
            WHEN said_at < clock_timestamp() - make_interval(secs => seconds) THEN 'late'
            ELSE ''
        END
        FROM message WHERE room = in_room AND number = of_number
    ), 'missing');
$$;

-- Changes the text of a message for its author. refusal: '' if it is changed; else as refused_change says, 'topic' for the
-- change of a topic, 'same' if it has this text. kept: how many of its earlier texts stay.
CREATE FUNCTION edit_message(
    in_room text, of_number bigint, by_author text, seconds double precision, new_text text, kept bigint, body jsonb,
    OUT refusal text, OUT event bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    old message%ROWTYPE;
BEGIN
    PERFORM FROM room WHERE room.name = in_room FOR UPDATE;
    refusal := refused_change(in_room, of_number, by_author, seconds);
    SELECT * INTO old FROM message WHERE message.room = in_room AND message.number = of_number;
    IF refusal = '' THEN
        refusal := CASE WHEN old.kind = 'topic' THEN 'topic' WHEN old.text = new_text THEN 'same' ELSE '' END;
    END IF;
    IF refusal <> '' THEN
        RETURN;
    END IF;
    INSERT INTO earlier_text (room, number, version, since, text)
    SELECT in_room, of_number, coalesce(max(earlier_text.version), 0) + 1, coalesce(old.edited_at, old.said_at), old.text
    FROM earlier_text WHERE earlier_text.room = in_room AND earlier_text.number = of_number;
    DELETE FROM earlier_text
    WHERE earlier_text.room = in_room AND earlier_text.number = of_number AND earlier_text.version <= (
        SELECT max(newest.version) - kept FROM earlier_text newest
        WHERE newest.room = in_room AND newest.number = of_number
    );
    UPDATE message SET text = new_text, edited_at = clock_timestamp()
    WHERE message.room = in_room AND message.number = of_number;
    edit_message.event := add_event('edit', in_room, body);
END
$$;

-- Deletes a message for its author; refusal as refused_change says, event and topic as those of delete_message.
CREATE FUNCTION delete_own_message(
    in_room text, of_number bigint, by_author text, seconds double precision, author_name text, body jsonb,
    OUT refusal text, OUT event bigint, OUT topic text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM room WHERE room.name = in_room FOR UPDATE;
    refusal := refused_change(in_room, of_number, by_author, seconds);
    IF refusal = '' THEN
        SELECT done.event, done.topic INTO delete_own_message.event, delete_own_message.topic
        FROM delete_message(in_room, of_number, author_name, NULL, body) done;
    END IF;
END
$$;

-- The texts that a message has had, the oldest first, with the time since which; writes the entry of who has asked. No rows
-- if there is no such message, or it is deleted.
CREATE FUNCTION read_earlier_texts(in_room text, of_number bigint, entry jsonb)
RETURNS TABLE (since double precision, text text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (
        SELECT FROM message WHERE message.room = in_room AND message.number = of_number AND message.deleted_by IS NULL
    ) THEN
        PERFORM add_audit(entry);
        RETURN QUERY
        SELECT extract(epoch FROM each.since)::double precision, each.text FROM (
            SELECT earlier.since, earlier.version, earlier.text FROM earlier_text earlier
            WHERE earlier.room = in_room AND earlier.number = of_number
            UNION ALL
            SELECT coalesce(message.edited_at, message.said_at), NULL, message.text FROM message
            WHERE message.room = in_room AND message.number = of_number
        ) each ORDER BY each.version NULLS LAST;
    END IF;
END
$$;
