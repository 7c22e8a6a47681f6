-- Nodes without members in a room show its topic in their lists.

CREATE FUNCTION topic_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_event('topic', NEW.name, jsonb_build_object('room', NEW.name, 'topic', NEW.topic));
    RETURN NULL;
END
$$;

CREATE TRIGGER topic_changed AFTER UPDATE OF topic ON room
    FOR EACH ROW WHEN (OLD.topic IS DISTINCT FROM NEW.topic) EXECUTE FUNCTION topic_changed();
