"""Functions that every part of the service needs and must apply in the same way. Pure: no Twisted, no Flask, no clock.

Each exists once in mixsvc, because two versions would disagree on unusual input: the login and the chat about whose
name it is, the rate limits and the bans about whose address it is. A test (tests/common/test_one_of_each.py) refuses a
second one.

- `names`: which names persons, rooms and topics may have, and when two names count as the same.
- `private_rooms`: which rooms are closed and invisible.
- `hook_paths`: what logs call a request, as paths may have secrets.
- `commands`: what the texts of people mean that begin with a slash.
- `addresses`: how IP addresses and networks are read, and which network a client counts as.
- `http_grammar`: the form of tokens, hosts and origins in HTTP.
- `text`: JSON, surrogates, long texts and misspelled words of strangers.
- `numbers`, `times`, `currencies`: whole numbers, UTC times and dates, and currency codes as text.
- `positions`: up to which numbers somebody has seen topics, as text.
- `records`: frozen values, as dataclasses make them, for a quicker start.
- `callables`: whether a function of other people's code can be called as it will be.
- `clocks`: the time of day, whether it may be believed, the clock for durations, and pauses that grow.
- `token_bucket`: how much one may do at once and in the long run, or each of many.
- `files`: how files are opened that only the service's user may read.
- `histogram`: how values are distributed, for the metrics.
- `person_tokens`: what an application signs, to say who opens a connection.
- `answers`: what a call of another process returns, as JSON and as bytes.
"""
