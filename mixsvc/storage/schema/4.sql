-- What is said of the database as a whole, by name. epoch: a random text that names this history of the chat. A new
-- database has a new one, and so has one that was restored from a backup.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('epoch', lower(hex(randomblob(8))));
