-- The highest number that any forgotten room had. A new room begins above it, so that a client that comes back does not
-- take new messages for those that it has seen.
CREATE TABLE room_floor (number INTEGER NOT NULL);
INSERT INTO room_floor (number) VALUES (0);
