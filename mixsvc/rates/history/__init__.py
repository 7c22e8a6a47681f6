"""The history: one price for each pair and day since 1999, in memory and in the database.

| file | |
| --- | --- |
| history | the timelines, as every thread reads them |
| loader | fills them after the start, and stores what is new |
| store | the SQL |
| backfill | fetches the bank's documents of many days for missing days |

After the start the loader reads the archive (some 200 ms in a helper thread) and then the database, one pair at a
time, which wins for the same day. Until then spans are unknown, and /api answers 503 with Retry-After. What is polled
in the meantime wins over both.

When days are missing and the bank answers, backfill fetches the document of 90 days, then the one of all days, at
most once a day each. It stores whole days in transactions of some 1000 rows, so that others get their turn at the
database and an interruption leaves no half day behind. Quotes that were published are never replaced by another
source; see model.timeline.missing_from.
"""
