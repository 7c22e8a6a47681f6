"""The chat's SQL for SQLite: functions on a cursor, called in the database's thread, one transaction each.

- store: all of them, as storage.store.ChatStore describes them.
- messages: messages and rooms.
- sanctions: mutes, bans, deletions and the audit log.

The tables are in mixsvc/storage/schema.
"""
