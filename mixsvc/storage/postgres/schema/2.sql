-- The nodes that are one chat: which of them live, who is inside on each, and whose name is whose.

CREATE TABLE node (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    -- For people: somebody may set the server's clock, so nothing goes by it.
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Another one with each heartbeat. How long it has stayed the same, each node measures with its own steady clock.
    mark uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The node has stopped: what it has goes some seconds later, so that who moves to another node neither goes nor comes.
    is_leaving boolean NOT NULL DEFAULT false,
    -- The number of the newest batch of its rows in `inside`.
    written bigint NOT NULL DEFAULT 0,
    -- The number of the newest statement with claims of its own.
    claimed bigint NOT NULL DEFAULT 0
);

CREATE TABLE inside (
    node bigint NOT NULL REFERENCES node ON DELETE CASCADE,
    room text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (node, room, key)
);
CREATE INDEX inside_room ON inside (room);

-- holders: what the nodes with this person know, by the node's number: {"addresses": […], "is_moderator": …}.
-- left: the last of them, since left_at.
CREATE TABLE claim (
    key text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    person text NOT NULL,
    holders jsonb NOT NULL,
    left_at timestamptz,
    "left" jsonb
);
CREATE INDEX claim_left_at ON claim (left_at) WHERE left_at IS NOT NULL;

CREATE TABLE leader (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    node bigint NOT NULL,
    -- Another one with each heartbeat of the leader. Who has seen it stay the same for long enough leads in its place.
    mark uuid NOT NULL DEFAULT gen_random_uuid()
);

-- When the sources of the rates may be asked next: a new leader heeds what the last one was told.
CREATE TABLE source (
    name text PRIMARY KEY,
    not_before timestamptz NOT NULL
);

-- The channel of NOTIFY on which the nodes of this schema tell each other.
CREATE FUNCTION node_channel() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'mixsvc_' || oid FROM pg_namespace WHERE nspname = current_schema()
$$;

CREATE FUNCTION node_begin(p_name text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO node (name) VALUES (p_name) RETURNING id
$$;

-- A node lives. p_mark: that of a leader whose time is over, NULL if it is not. Returns what the node has to know, NULL if
-- the others have given it up.
CREATE FUNCTION node_beat(p_node bigint, p_rooms text[], p_mark uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_leads boolean := false;
BEGIN
    -- What a crash takes of this is there again with the next beat.
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE node SET seen = clock_timestamp(), mark = gen_random_uuid() WHERE id = p_node;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- Looked at first: most nodes do not lead, and lock nothing.
    IF NOT EXISTS (SELECT FROM leader WHERE node <> p_node AND mark IS DISTINCT FROM p_mark) THEN
        INSERT INTO leader AS l (node) VALUES (p_node)
            ON CONFLICT (is_only) DO UPDATE SET node = excluded.node, mark = excluded.mark
            WHERE l.node = excluded.node OR l.mark = p_mark;
        v_leads := FOUND;
    END IF;
    RETURN (
        SELECT jsonb_build_object(
            'leads', v_leads,
            'leader', (SELECT mark FROM leader),
            'marks', (SELECT jsonb_object_agg(id, mark) FROM node),
            'leaving', (SELECT coalesce(jsonb_agg(id), '[]') FROM node WHERE is_leaving),
            'now', extract(epoch FROM clock_timestamp()),
            'event', coalesce((SELECT last FROM counter WHERE name = 'journal'), 0),
            'written', (SELECT jsonb_object_agg(id, written) FROM node),
            'lasts', coalesce((SELECT jsonb_object_agg(name, last) FROM room WHERE name = ANY (p_rooms)), '{}')
        )
    );
END
$$;

-- A node stops; what it has goes some seconds later, with node_clean.
CREATE FUNCTION node_leave(p_node bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM leader WHERE node = p_node;
    UPDATE node SET is_leaving = true WHERE id = p_node
$$;

-- Removes one node with all that it has. Claims are locked in the order of their keys, here and in node_claim.
CREATE FUNCTION node_remove(p_node bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_node text := p_node;
BEGIN
    PERFORM FROM claim WHERE holders ? v_node ORDER BY key FOR UPDATE;
    UPDATE claim SET "left" = holders -> v_node, left_at = clock_timestamp(), holders = holders - v_node
        WHERE holders ? v_node;
    -- Its rows of `inside` go with it.
    DELETE FROM node WHERE id = p_node;
END
$$;

-- What the leader does: removes nodes, each as long as its mark is still this one (p_gone: {id: mark}), and forgets what
-- is older than p_old (NULL: nothing) or dated in the future. Returns the nodes that are gone. A node that has lived since
-- the leader asked has another mark: the engine or the network may have stood still meanwhile.
CREATE FUNCTION node_clean(p_node bigint, p_gone jsonb, p_old interval) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    v_gone bigint[];
BEGIN
    -- Who is locked is written just now, so it lives.
    SELECT array_agg(id) INTO v_gone FROM (
        SELECT id FROM node
            WHERE id <> p_node AND mark::text = p_gone ->> id::text
            ORDER BY id FOR UPDATE SKIP LOCKED
    ) AS found;
    PERFORM node_remove(id) FROM unnest(v_gone) AS id;
    IF p_old IS NOT NULL THEN
        DELETE FROM claim WHERE holders = '{}'
            AND left_at NOT BETWEEN clock_timestamp() - p_old AND clock_timestamp() + interval '1 minute';
        DELETE FROM event
            WHERE at NOT BETWEEN clock_timestamp() - p_old AND clock_timestamp() + interval '1 minute';
    END IF;
    RETURN coalesce(v_gone, '{}');
END
$$;

-- Writes a batch of a node's rows, once: a name of NULL is a person who is not inside any more. Returns the number of
-- the newest batch that is written now, NULL if the others have given the node up. A whole batch replaces all rows.
CREATE FUNCTION node_move(
    p_node bigint, p_number bigint, p_is_whole boolean, p_rooms text[], p_keys text[], p_names text[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_written bigint;
BEGIN
    -- What a crash takes of this the node writes anew, as its number is lower then.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT written INTO v_written FROM node WHERE id = p_node FOR NO KEY UPDATE;
    IF NOT FOUND OR p_number <= v_written OR (p_number > v_written + 1 AND NOT p_is_whole) THEN
        RETURN v_written;
    END IF;
    IF p_is_whole THEN
        DELETE FROM inside WHERE node = p_node;
    ELSE
        DELETE FROM inside USING unnest(p_rooms, p_keys) AS t (room, key)
            WHERE inside.node = p_node AND inside.room = t.room AND inside.key = t.key;
    END IF;
    INSERT INTO inside (node, room, key, name)
        SELECT p_node, room, key, name FROM unnest(p_rooms, p_keys, p_names) AS t (room, key, name)
        WHERE name IS NOT NULL;
    UPDATE node SET written = p_number WHERE id = p_node;
    RETURN p_number;
END
$$;

-- All rows of a node at one moment: [number, journal, [[room, key, name], …]]; NULL if it is gone.
CREATE FUNCTION node_rows(p_node bigint) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- One query, and STABLE, so that all is of the moment at which the statement began.
    RETURN (
        SELECT jsonb_build_array(
            written,
            coalesce((SELECT last FROM counter WHERE counter.name = 'journal'), 0),
            (
                SELECT coalesce(jsonb_agg(jsonb_build_array(room, key, inside.name)), '[]')
                FROM inside WHERE inside.node = p_node
            )
        ) FROM node WHERE id = p_node
    );
END
$$;

-- Takes and gives back names. p_asked: objects with `key`, and to take it `name`, `person` and `holder`. Returns for
-- each the spelling of the name, NULL if another person has it; NULL alone if the others have given the node up, or if one
-- of a higher number is done: a statement of a connection that has broken may still come, after what was asked since.
CREATE FUNCTION node_claim(p_node bigint, p_number bigint, p_asked jsonb) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_node text := p_node;
    v_names text[] := array_fill(NULL::text, ARRAY[jsonb_array_length(p_asked)]);
    v_asked jsonb;
    v_index integer;
    v_name text;
BEGIN
    UPDATE node SET claimed = p_number WHERE id = p_node AND claimed < p_number;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- In the order of the keys, so that two nodes do not wait for each other; those of one key as they were asked.
    FOR v_asked, v_index IN
        SELECT value, ordinality FROM jsonb_array_elements(p_asked) WITH ORDINALITY
        ORDER BY value ->> 'key' COLLATE "C", ordinality
    LOOP
        IF v_asked ? 'person' THEN
            INSERT INTO claim AS c (key, name, person, holders)
                SELECT v_asked ->> 'key', v_asked ->> 'name', v_asked ->> 'person',
                    jsonb_build_object(v_node, v_asked -> 'holder')
                ON CONFLICT (key) DO UPDATE SET
                    name = CASE WHEN c.holders = '{}' THEN excluded.name ELSE c.name END,
                    person = excluded.person, holders = c.holders || excluded.holders, left_at = NULL, "left" = NULL
                WHERE c.person = excluded.person OR c.holders = '{}'
                RETURNING c.name INTO v_name;
            v_names[v_index] := v_name;
        ELSE
            UPDATE claim SET "left" = holders -> v_node, left_at = clock_timestamp(), holders = holders - v_node
                WHERE key = v_asked ->> 'key' AND holders ? v_node;
        END IF;
    END LOOP;
    RETURN v_names;
END
$$;
