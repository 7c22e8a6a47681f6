"""Exchange rates: where they come from, how they are checked, and how every thread reads them.

The way of a rate, in the order in which it meets the files:

 1. service: builds all that follows, and tells listeners of new quotes
 2. polling/poller: asks the first source that is due every [rates] interval seconds, and the next one if it fails
    (led: of several nodes only the leader asks, and the others read what it has stored; pauses: a new leader heeds what
    sources have told the last one)
 3. polling/chain: which sources are due, and in which order
 4. sources/ecb: asks one source and reads its answer; json_feed and archive are others
 5. sources/download: one document over HTTP, conditionally and with limits
 6. sources/agent: the connection below it
 7. model/quote: prices and dates from text; cross rates
 8. model/plausibility: holds back prices that jump
 9. model/latest: the latest quote of each pair
10. history/history: the price of each pair and day
11. model/timeline: the days of one pair, as arrays
12. history/keeper: stores what is new, and completes the past
13. history/sqlite, history/postgres: its SQL
14. history/backfill: fills days that are missing
15. facade: what views and the chat read, in any thread (mixsvc.interfaces.rates.IRates)
16. events: the rates as topics, for event streams
17. news: sends changes to other processes, where remote takes them and asks for the past

The folders, from the lowest: model <- sources <- history, polling <- service. The docstring of each has its theory.

**Dates never go back.** A quote never replaces one of a later date, so a source that falls behind, or the archive,
cannot undo what was published. The archive only fills gaps. New quotes are published, sent to the listeners and then
stored, so they are available again after a restart.
"""
