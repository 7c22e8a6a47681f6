"""The chat's SQL for SQLite: functions on a cursor, called in the database's thread, one transaction each.

- store: all of them together.
- messages: messages and rooms; see storage.store.MessageStore.
- corrections: what authors change; see storage.store.CorrectionStore.
- searching, indexing: search by FTS5, and its index.
- sanctions: mutes, bans, deletions and the audit log; see storage.store.SanctionStore.

The tables are in mixsvc/storage/schema.
"""
