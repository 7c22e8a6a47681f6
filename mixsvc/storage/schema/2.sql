-- A room's numbering and topic outlive its messages.
CREATE TABLE room (
    name TEXT NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL,
    topic TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
INSERT INTO room (name, last) SELECT room, max(number) FROM message GROUP BY room;

-- kind: '' for an ordinary message. deleted_by: the moderator who took the text away.
ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN deleted_by TEXT;
CREATE INDEX message_deleted ON message (room, number) WHERE deleted_by IS NOT NULL;

-- Mutes and bans in force. until: seconds since 1970, UTC. name_key: of the name without case; person and address: ''
-- where they are not known.
CREATE TABLE sanction (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    person TEXT NOT NULL,
    address TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    until REAL NOT NULL
);

-- What moderators did. at: seconds since 1970, UTC.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    room TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT NOT NULL
);
