"""The history: one price for each pair and day since 1999, in memory and in the database.

| file | |
| --- | --- |
| history | the timelines, as every thread reads them |
| keeper | stores what is new, and completes the past |
| store | what it expects of a database |
| sqlite, postgres | the SQL, for each kind of database |
| past | the stored past |
| backfill | fetches the bank's documents of many days for missing days |

Before the first request is answered, rates.service reads the archive (some 40 ms) and then the database, which wins
for the same day: so nobody is told that a currency is unknown because the past is not read yet. Of the archive the
latest quotes are read then, and every cell is checked; the timeline of a pair is made when somebody asks for it, in the
thread that asks (model.timelines). All of them would take 150 ms and 6 MB at each start, and few are asked for.

When days are missing and the bank answers, backfill fetches the document of 90 days, then the one of all days, at
most once a day each. It stores whole days in transactions of some 1000 rows, so that others get their turn at the
database and an interruption leaves no half day behind. Quotes that were published are never replaced by another
source; see model.timeline.missing_from.
"""
