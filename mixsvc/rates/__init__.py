"""Exchange rates: where they come from, how they are checked, and how every thread reads them.

The way of a rate, in the order in which it meets the files:

 1. service: builds all that follows, and tells listeners of new quotes
 2. polling/poller: every [rates] interval seconds a round: asks the first source that is due, else the next one
 3. polling/chain: which sources are due, and in which order
 4. sources/ecb, sources/json_feed, sources/archive: ask and read one source
 5. sources/download, sources/agent: one document over HTTP, conditionally and with limits
 6. model/quote: prices and dates from text; cross rates
 7. model/plausibility: holds back prices that jump
 8. model/latest: the table of the latest quotes
 9. history/history: the prices of all days, per pair and day
10. history/loader, history/store: the same on disk, and back in memory after a start
11. history/backfill, sources/ecb_history, model/gaps: fill days that are missing
12. model/pair, model/timeline, model/sampling: the past of one pair, as arrays
13. model/calendar: whether a quote is stale
14. facade: what views and the chat read, in any thread (mixsvc.interfaces.IRates)

The folders, from the lowest: model <- sources <- history, polling <- service. Each explains its theory itself.

**Never back.** A quote never replaces one of a later date, so a source that falls behind, or the archive, cannot undo
what was published. The archive only fills what is missing. New quotes are published, told to listeners and then
stored; after a restart they are there again.
"""
