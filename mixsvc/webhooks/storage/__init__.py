"""Where outgoing webhooks are in what is to be sent.

- records: what is read and stored. store: the functions that each kind of database has.
- positions: what both do alike.
- sqlite, postgres: these functions. The tables are in mixsvc/storage/schema and mixsvc/storage/postgres/schema.
"""
