-- What is said of the database as a whole, by name. epoch: a random text that names this history of the chat. A new
-- database has a new one, and so has one that was restored from a backup.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('epoch', lower(hex(randomblob(8))));

-- A random number that tells a message from every other one that could have its number; messages of older versions have
-- none.
ALTER TABLE message ADD COLUMN mark INTEGER;
