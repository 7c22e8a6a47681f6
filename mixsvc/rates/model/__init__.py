"""The pure part of the rates: values and rules, without network, threads, files or Twisted.

| file | |
| --- | --- |
| quote | prices and dates from text; cross rates |
| money | amounts of money: exact conversion, rounded once |
| calendar | the bank's working days, and so what is stale |
| plausibility | which new prices to hold back |
| latest | the latest quote of each pair |
| timeline | the prices of one pair and all days, as arrays |
| timelines | those of all pairs, some of them not read yet |
| pair | the past of a pair, from two timelines in the same base |
| sampling | the few of many prices that a chart shows |
| gaps | which days lack a price |
| errors | SourceFailed |

**Cross rates.** The bank quotes 30 currencies in euros. USD/GBP is EUR/GBP divided by EUR/USD, rounded once to six
significant digits, half to even. Both prices are of the same date in the past; of the latest quotes the older date
counts. A conversion uses both prices as published, so its result is exact to the last decimal.

**Plausibility.** Sources make mistakes: a decimal point moves, a currency changes its unit. A price that differs by
more than a factor of five from the last good one waits until the documents of three days have confirmed it.

**The past as arrays.** The archive has 220 000 prices. As Quote objects they would take 90 MB; a Timeline keeps days,
ends and digits in arrays of some 25 bytes for each price, and finds a day by bisection. Snapshots and timelines are
immutable: the reactor thread builds a new one and replaces the old one with one assignment, so readers in other
threads need no lock and never see half of a change.
"""
