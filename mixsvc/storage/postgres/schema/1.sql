-- Texts are compared byte by byte, whatever the database's locale: so all nodes lock rows in one order.

-- What is said of the database as a whole, by name. epoch: a random text that names this history of the chat.
CREATE TABLE meta (
    name text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);
INSERT INTO meta (name, value) VALUES ('epoch', left(replace(gen_random_uuid()::text, '-', ''), 16));

-- A room's numbering and topic outlive its messages.
CREATE TABLE room (
    name text COLLATE "C" PRIMARY KEY,
    last bigint NOT NULL,
    topic text NOT NULL DEFAULT ''
);

-- The highest number that any forgotten room had: a new room begins above it.
CREATE TABLE room_floor (number bigint NOT NULL);
INSERT INTO room_floor (number) VALUES (0);

-- What was said, numbered 1, 2, 3 … in each room without a gap. A repeat with the same key is the same message.
-- deleted_by: the moderator who took the text away. mark: tells a message from others that could have its number.
CREATE TABLE message (
    room text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    name text NOT NULL,
    text text NOT NULL,
    said_at timestamptz NOT NULL,
    key text COLLATE "C",
    kind text NOT NULL DEFAULT '',
    deleted_by text,
    mark bigint,
    PRIMARY KEY (room, number)
);
CREATE UNIQUE INDEX message_key ON message (room, key) WHERE key IS NOT NULL;
CREATE INDEX message_deleted ON message (room, number) WHERE deleted_by IS NOT NULL;

-- Mutes and bans in force. name_key: of the name without case; person and address: '' where they are not known.
CREATE TABLE sanction (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    person text NOT NULL,
    address text NOT NULL,
    by text NOT NULL,
    reason text NOT NULL,
    until timestamptz NOT NULL
);

-- What moderators did.
CREATE TABLE audit (
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    by text NOT NULL,
    action text NOT NULL,
    room text NOT NULL,
    target text NOT NULL,
    reason text NOT NULL
);

-- The journal: what all nodes do in the same order. A number is given under the lock of its counter, which is held up to
-- the commit: whoever sees an event sees all with lower numbers.
CREATE TABLE event (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    room text NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX event_at ON event (at);

-- The last number given, by name.
CREATE TABLE counter (
    name text COLLATE "C" PRIMARY KEY,
    last bigint NOT NULL
);
INSERT INTO counter (name, last) VALUES ('journal', 0), ('audit', 0), ('sanction', 0);

-- Quotes as they were published: prices and dates as text, so that no digit is lost.
CREATE TABLE quote (
    base text COLLATE "C" NOT NULL,
    quote text COLLATE "C" NOT NULL,
    date text COLLATE "C" NOT NULL,
    price text NOT NULL,
    fetched_at text NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (base, quote, date)
);

CREATE FUNCTION next_number(counted text) RETURNS bigint LANGUAGE sql AS $$
    UPDATE counter SET last = last + 1 WHERE name = counted RETURNING last;
$$;

CREATE FUNCTION add_event(kind text, room text, body jsonb) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO event (number, kind, room, body) VALUES (next_number('journal'), kind, room, body) RETURNING number;
$$;

-- entry: the fields of the table audit besides id; at in seconds since 1970.
CREATE FUNCTION add_audit(entry jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO audit (id, at, by, action, room, target, reason)
    SELECT next_number('audit'), to_timestamp(e.at), e.by, e.action, e.room, e.target, e.reason
    FROM jsonb_to_record(entry)
        AS e (at double precision, by text, action text, room text, target text, reason text);
$$;

-- Stores messages, given as columns, and numbers them. keep: how many of a room stay; pruned: how many go at most.
-- Returns a row for each, in their order: the message that is stored, which may be an earlier one with its key.
CREATE FUNCTION append_messages(
    rooms text[], names text[], texts text[], keys text[], kinds text[], marks bigint[], keep bigint, pruned bigint
) RETURNS TABLE (
    number bigint, name text, text text, said_at double precision, kind text, is_deleted boolean, is_repeated boolean,
    mark bigint
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
            found.number IS NULL AND (given.key IS NULL OR given.place = min(given.place) OVER same_key) AS is_new
        FROM unnest(rooms, names, texts, keys, kinds, marks)
            WITH ORDINALITY AS given (room, name, text, key, kind, mark, place)
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
        INSERT INTO message (room, number, name, text, said_at, key, kind, mark)
        SELECT each.room, each.number, each.name, each.text, moment, each.key, each.kind, each.mark
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
        each.is_deleted, NOT each.is_new AND each.known_mark IS DISTINCT FROM each.mark, each.mark
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

-- Reads a page for each query, given as columns; see PageQuery. One statement, and so as of one moment.
-- knows: whether the client says what it has seen; is_foreign: whether that is certainly another history;
-- seen_number, seen_token: of the newest message that it has seen; anew: how many messages it gets if so.
CREATE FUNCTION read_pages(
    rooms text[], afters bigint[], befores bigint[], limits bigint[], seens bigint[],
    knows boolean[], are_foreign boolean[], seen_numbers bigint[], seen_tokens text[], anews bigint[],
    keep bigint, page_bytes bigint, around_text bigint, deleted_told bigint
) RETURNS TABLE (
    first bigint, last bigint, topic text, deleted bigint[], token text, is_reset boolean,
    numbers bigint[], names text[], texts text[], times double precision[], kinds text[], are_deleted boolean[]
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT kept.first, head.last, head.topic, gone.numbers,
        CASE WHEN asked.before IS NULL THEN head.last || '.' || coalesce((
            SELECT coalesce(to_hex(message.mark), 'old') FROM message
            WHERE message.room = asked.room AND message.number = head.last
        ), '') ELSE '' END,
        other.is_reset, page.numbers, page.names, page.texts, page.times, page.kinds, page.are_deleted
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
        -- No more than surely fit: the caller counts each byte.
        SELECT array_agg(fitting.number ORDER BY fitting.number) AS numbers,
            array_agg(fitting.name ORDER BY fitting.number) AS names,
            array_agg(fitting.text ORDER BY fitting.number) AS texts,
            array_agg(extract(epoch FROM fitting.said_at)::double precision ORDER BY fitting.number) AS times,
            array_agg(fitting.kind ORDER BY fitting.number) AS kinds,
            array_agg(fitting.deleted_by IS NOT NULL ORDER BY fitting.number) AS are_deleted
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

-- Deletes some of a room's messages that are older than a time; see ChatStore.expire. Returns how many.
CREATE FUNCTION expire_messages(in_room text, moment timestamptz, cutoff timestamptz, pruned bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    old bigint := 0;
    seen bigint := 0;
    size bigint;
    young bigint;
    count bigint;
BEGIN
    PERFORM FROM room WHERE name = in_room FOR UPDATE;
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
    DELETE FROM message WHERE room = in_room AND number <= old;
    GET DIAGNOSTICS count = ROW_COUNT;
    RETURN count;
END
$$;

-- Lets the messages of a period be so many seconds later; see Period.
CREATE FUNCTION redate_messages(
    rooms text[], afters bigint[], ups bigint[], began timestamptz, ended timestamptz, seconds double precision
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM room WHERE name = ANY (rooms) ORDER BY name FOR UPDATE;
    UPDATE message SET said_at = said_at + make_interval(secs => seconds)
    FROM unnest(rooms, afters, ups) AS part (room, after, up)
    WHERE message.room = part.room AND message.number > part.after AND message.number <= part.up
        AND message.said_at BETWEEN began AND ended;
END
$$;

-- Forgets a room if it has no messages; returns whether it was forgotten.
CREATE FUNCTION forget_room(forgotten text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    highest bigint;
BEGIN
    SELECT last INTO highest FROM room WHERE name = forgotten FOR UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM message WHERE room = forgotten) THEN
        RETURN false;
    END IF;
    UPDATE room_floor SET number = greatest(number, highest);
    DELETE FROM room WHERE name = forgotten;
    RETURN true;
END
$$;

-- Each act of a moderator is one call: the change, its entry in the audit log, its event. They return the event's number.

-- given: the fields of the table sanction, until in seconds since 1970. moment: the sanctions that have ended by then go.
CREATE FUNCTION impose_sanction(given jsonb, entry jsonb, moment timestamptz, OUT event bigint, OUT id bigint)
LANGUAGE plpgsql AS $$
BEGIN
    -- Locked first, so that of two sanctions of one target the later one stays.
    id := next_number('sanction');
    DELETE FROM sanction WHERE until <= moment;
    DELETE FROM sanction
    WHERE kind = given ->> 'kind' AND name_key = given ->> 'name_key'
        AND (name_key <> '' OR address = given ->> 'address');
    INSERT INTO sanction (id, kind, name, name_key, person, address, by, reason, until)
    SELECT impose_sanction.id, g.kind, g.name, g.name_key, g.person, g.address, g.by, g.reason, to_timestamp(g.until)
    FROM jsonb_to_record(given) AS g (
        kind text, name text, name_key text, person text, address text, by text, reason text, until double precision
    );
    PERFORM add_audit(entry);
    event := add_event(given ->> 'kind', '', given || jsonb_build_object('id', id));
END
$$;

CREATE FUNCTION lift_sanctions(of_kind text, ids bigint[], entry jsonb, event_kind text, body jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM counter WHERE name = 'sanction' FOR UPDATE;
    DELETE FROM sanction WHERE kind = of_kind AND id = ANY (ids);
    PERFORM add_audit(entry);
    RETURN add_event(event_kind, '', body);
END
$$;

CREATE FUNCTION move_sanctions(ids bigint[], seconds double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM counter WHERE name = 'sanction' FOR UPDATE;
    UPDATE sanction SET until = until + make_interval(secs => seconds) WHERE id = ANY (ids);
END
$$;

CREATE FUNCTION record_act(entry jsonb, event_kind text, event_room text, body jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_audit(entry);
    RETURN add_event(event_kind, event_room, body);
END
$$;

-- Deletes a message's text, and the topic that it set; event is NULL if there is no such message or it was deleted
-- before. topic: the room's from now on.
CREATE FUNCTION delete_message(
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
    UPDATE message SET text = '', deleted_by = moderator
    WHERE message.room = in_room AND message.number = of_number AND message.deleted_by IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM add_audit(entry);
    delete_message.topic := coalesce((SELECT room.topic FROM room WHERE room.name = in_room), '');
    delete_message.event := add_event(
        'delete', in_room, body || jsonb_build_object('topic', delete_message.topic)
    );
END
$$;
