"""The chat's data in the database.

- queue: what the handlers call; it runs one transaction after the other.
- store: the functions that each kind of database has for the chat; records: their values; pages: how long a page is.
- memory: what a node remembers, to be read while PostgreSQL is away.
- sqlite/, postgres/: these functions for SQLite and for PostgreSQL.
- stored_state: what is read at the start.
- searching: search, the same for every database; indexing: what keeps its index.
- times: in whole microseconds, as both kinds can store them.

They take a cursor and run in the database's thread; mixsvc/storage runs them and commits.

**Group commit.** A commit waits for the disk, so one commit for each message would limit the chat to the disk's speed.
While one transaction runs, requests wait in queues: messages to append, pages for clients that join, pages for readers,
changes, and other reads. The next transaction takes up to 1000 messages or 50 pages at once, or one change, or one such
read. The queues take turns, so none makes the others wait long. At most 10 000 requests of a kind wait; one more fails
at once.

**Numbering.** The table `room` holds the last number of each room, and it outlives the room's messages. A transaction
reads it, numbers its messages without a gap, and writes it back, all under one lock (BEGIN IMMEDIATE), since another
process may write too. A message with a known key is not stored again: its author gets the first number, which makes it
safe to repeat a message after a lost connection. When a room is forgotten, `room_floor` keeps the highest number that
was ever used in such a room, and new rooms start above it. So a client that comes back with an old `since` never takes
a new message for one that it has seen.

**What is deleted.** With each append, the messages of its room beyond [chat] keep are deleted, up to 4000 at once, and
after a start and a reload handlers.retention deletes those of all rooms. Every hour it deletes those that are older
than [chat] keep_days, unless the time of day may be wrong. A deleted message keeps its row and its number; the text is
overwritten on disk.

**What is edited.** `corrections` has what authors change. A message keeps its earlier texts, at most 20, in a table of
their own; they go with its text. It also has the digest of its author (model.people.Client.author), since names change
hands. Who comes back gets the messages that were edited last as they are now, since nobody counts what each client saw.

**What is found.** Search compares messages as they are; its index only says where to look. So a message is found from
the moment on when it is stored, and a deleted text is not, however far the index is behind. chat/searching keeps it: a
slice at a time, so that nobody waits long. A search, too, reads a bounded part with each call.

**When the database fails** all requests of the transaction fail with NotSaved or NotRead, and the next ones are tried.
The log has one line for the failure and one when the database works again.
"""
