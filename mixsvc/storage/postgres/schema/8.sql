-- Changes a text as edit_message does, and says when that was, here and in the journal. at: in seconds since 1970; NULL if
-- it was not changed.
CREATE FUNCTION edit_message_at(
    in_room text, of_number bigint, by_author text, seconds double precision, new_text text, kept bigint, body jsonb,
    OUT refusal text, OUT event bigint, OUT at double precision
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT done.refusal, done.event INTO edit_message_at.refusal, edit_message_at.event
    FROM edit_message(in_room, of_number, by_author, seconds, new_text, kept, edit_message_at.body) done;
    IF edit_message_at.event IS NOT NULL THEN
        SELECT extract(epoch FROM message.edited_at) INTO edit_message_at.at
        FROM message WHERE message.room = in_room AND message.number = of_number;
        UPDATE event SET body = event.body || jsonb_build_object('at', edit_message_at.at)
        WHERE event.number = edit_message_at.event;
    END IF;
END
$$;

-- Lets the messages of a period be so many seconds later, as before, and what was edited in it.
CREATE OR REPLACE FUNCTION redate_messages(
    rooms text[], afters bigint[], ups bigint[], began timestamptz, ended timestamptz, seconds double precision
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM room WHERE name = ANY (rooms) ORDER BY name FOR UPDATE;
    UPDATE message SET said_at = said_at + make_interval(secs => seconds)
    FROM unnest(rooms, afters, ups) AS part (room, after, up)
    WHERE message.room = part.room AND message.number > part.after AND message.number <= part.up
        AND message.said_at BETWEEN began AND ended;
    UPDATE message SET edited_at = edited_at + make_interval(secs => seconds)
    WHERE message.room = ANY (rooms) AND message.edited_at BETWEEN began AND ended;
END
$$;
