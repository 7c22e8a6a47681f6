"""Moves a whole history from one kind of database to the other, for `mixsvc move`.

- tables: which tables and columns make a history, and the form in which both kinds exchange their rows.
- side: one of the two databases, and why it cannot be used. texts: what becomes of texts that one of them cannot store.
- sqlite_rows, postgres_rows: read and write rows in this form.
- copying: the one loop for all tables.
- sqlite_place, postgres_place: open a database to read a history or to write one, and refuse those in use.
- move: all of it.

**Resuming.** Rows are copied in the order of their keys, some thousand in a transaction. Before they are written, those
of the same range of keys are read from the target; if they are the same, nothing is written. So a second run passes
over what the first one has done, whatever has happened in between: also if the service has used the source meanwhile.

**Until it is complete** nobody can take the target for a history: a file has another name, and a PostgreSQL database a
row `moving` in its table `meta`, because of which no service starts on it. The last transaction takes that away.

**What is not moved** is what running nodes know of each other (nodes, claims, members, the journal): it ends with them.
"""
