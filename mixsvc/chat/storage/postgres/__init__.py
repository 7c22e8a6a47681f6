"""The chat's functions for PostgreSQL: each change is one statement, in autocommit mode.

- store: all of them together.
- messages: messages and rooms; see storage.store.MessageStore.
- corrections: what authors change; see storage.store.CorrectionStore.
- searching, indexing: search and its index; see storage.searching.SearchReader and storage.indexing.IndexWriter.
- sanctions: mutes, bans, deletions and the audit log; see storage.store.SanctionStore.

What needs several statements is a function of the database (mixsvc/storage/postgres/schema): so no lock ever waits for
this process, which may be stopped or cut off at any moment. Such a function locks the rows of rooms first, in the order
of their names, and then those of counters, sanction, audit and journal: no two wait for each other.

A message is said when PostgreSQL's clock says, whatever Draft.said_at is: the nodes' clocks may differ.
"""
