"""Polling: rounds of questions to the sources, and what to do when one fails.

| file | |
| --- | --- |
| poller | the service: a LoopingCall of rounds, time limits, publishing and saving |
| chain | the order of the sources and their back-off; pure |
| source_health | good, failing, waiting or untried, for operators; pure |

A round asks the first source that is due. If it fails, the next one is asked in the same round; if one answers, the
rest are not asked. All of them share one time limit, so that a round always ends. A source that uses up the limit of a
whole round comes last in the next one, so that it cannot starve the others.

**Back-off.** A source that has failed is due again after the poll interval, doubled with each failure in a row, up to
a minute; a random part of up to a half is left out, so that many services do not ask at the same moment. Where the
answer has Retry-After (429 and 503; RFC 9110, 10.2.3), the source is not asked before that time, which is a day at
most.

Only changes are logged: the first failure, and the first answer after it. The last quotes of a source that answers
"not modified" are published again, as another source may have answered in between.
"""
