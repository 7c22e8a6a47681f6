"""The database that the chat and the rates share: a SQLite file, or a PostgreSQL server.

- engine: what the parts expect of a database, whichever it is. choosing: which one the settings name. waiting/:
  what waits for it, and group commit.
- postgres/: a server. All that follows is about SQLite.
- database: `rehearse` checks the file before the process becomes a daemon, `prepare` creates or upgrades it at start,
  and `Database` runs transactions while the reactor runs.
- schema/: the tables. N.sql upgrades a database from version N - 1 to N; PRAGMA user_version holds the version.
- rows/: rows as they are read, also those that somebody has damaged.
- lock: which process owns the database. file_watch: whether its files are still in their place. commit_guard: looks at
  both around each commit. trouble: why the database cannot be used.
- write_ahead_log: the owner empties it. log_marks: whether it belongs to the database. remains: what SQLite leaves of
  deleted rows. wal_file: its format. connections: how they are opened, and closed without a checkpoint.
- sqlite_version: whether this SQLite has a fault that matters here.
- connection_pool: one connection in one daemon thread, on twisted.enterprise.adbapi.
- restoring: puts a backup in the database's place. replacing: how a file gets there.
- moving/: moves a history from one kind of database to the other.
- epoch: what names a history, as a restored one goes on otherwise.
- clock_record: since when the time of day is right, for the next process.
- forks: a process that forks (gunicorn, uWSGI) waits until no thread is inside SQLite.

Every transaction runs in one thread, so transactions never wait for each other's locks, and they commit in the order in
which they were asked for. The database is in WAL mode with `synchronous=FULL`: when a Deferred of `Database.run` fires,
the data is on disk.

Several processes may write, but only the owner checkpoints: it has a lock beside the database, for as long as it serves
the chat, or for a moment if nobody does. Some seconds after a commit it moves the write-ahead log into the
database and cuts it, so that what was deleted or overwritten is in no file any more: `secure_delete` overwrites it in
the database, except for copies in unused parts of pages, which `remains` overwrites.

Before each commit and after it the names of the database's files are compared with the files that are open. What would
be written into a file without a name fails, and the author is asked to try again.

A disk that hangs blocks the database's thread only. It is a daemon thread, closing runs in a helper thread, and the
caller limits how long it waits, so neither the reactor nor the end of the process waits for the disk.

The statements themselves stand with their subjects: mixsvc/chat/storage, mixsvc/rates/history, mixsvc/nodes.
"""
