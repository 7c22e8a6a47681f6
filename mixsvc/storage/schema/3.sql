-- The highest number that a room had which is forgotten: one that is made begins above it, so that nobody who comes
-- back takes new messages for those they have seen.
CREATE TABLE room_floor (number INTEGER NOT NULL);
INSERT INTO room_floor (number) VALUES (0);
