"""PostgreSQL as the database, by psycopg, which the extra `postgres` brings.

- url: what the settings say becomes libpq's parameters, with time limits of ours, and a text without the password.
- trouble: what PostgreSQL says becomes one line, without the data of a statement.
- connection: `connect`, which blocks.
- schema/: the tables. N.sql upgrades a database from version N - 1 to N, by one process at a time.
- start: `rehearse` checks the server before the process becomes a daemon, `prepare` creates or upgrades the tables.
- origin: notices at the start that the tables were restored from a backup.
- running: whether nodes use it. columns: rows in the form in which a statement takes many.
- rooms: what more than one part reads of the table `room`. pruning: deletes what is too much in rooms and topics.
- database: `PostgresDatabase` runs functions while the reactor runs, and comes back when the server does.

Every connection is in autocommit mode, and a change is one statement: no lock of a row ever waits for this process. A
function of plpgsql does what needs several.

A server that is restarted breaks its connections; a proxy that has lost its server may keep them and be silent. So each
call has a time limit of its own, after which its socket is shut down. From the first such failure on every call fails
at once, until the server has answered again.
"""
