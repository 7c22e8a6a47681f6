"""The SQLite database that the chat and the rates share.

- database: `rehearse` checks the file before the process becomes a daemon, `prepare` creates or upgrades it at start,
  and `Database` runs transactions while the reactor runs.
- schema/: the tables. N.sql upgrades a database from version N - 1 to N; PRAGMA user_version holds the version.
- connection_pool: one connection in one daemon thread, on twisted.enterprise.adbapi.
- restoring: puts a backup in the database's place.
- forks: a process that forks (gunicorn, uWSGI) waits until no thread is inside SQLite.

Every transaction runs in one thread, so transactions never wait for each other's locks, and they commit in the order in
which they were asked for. The database is in WAL mode with `synchronous=FULL`: when a Deferred of `Database.run` fires,
the data is on disk. `secure_delete` overwrites what is deleted.

A disk that hangs blocks the database's thread only. It is a daemon thread, closing runs in a helper thread, and the
caller limits how long it waits, so neither the reactor nor the end of the process waits for the disk.

The statements themselves stand with their subjects: mixsvc/chat/storage and mixsvc/rates/history.
"""
