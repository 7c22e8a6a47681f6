"""Topics in the database.

- records: what is stored and asked for. store: the functions that each kind of database has for topics.
- queue: the line in front of the database, with group commit.
- sqlite, postgres: these functions. The tables are in mixsvc/storage/schema and mixsvc/storage/postgres/schema.

**Numbering.** The table `topic` has the last number of each topic, and outlives its events. All events of a transaction
get the next numbers under one lock, without a gap. An event with a known key is not stored again: its publisher gets
the first number. A topic that is forgotten leaves its last number as a floor, above which new topics begin.

**What is gone.** Only the oldest events of a topic are ever deleted, so those that are kept have no gap between them.
For that the dates of a topic never go back, and behind an event without a date no event has one. Who asks for what is
behind a number gets `is_reset` if events behind it are gone, or if the number is one that the topic does not have, or
of another epoch.
"""
