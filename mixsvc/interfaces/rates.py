"""Rates: quotes, conversions and histories, who gives them, and where they come from."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from mixsvc.common.records import record
from mixsvc.common.times import utc_seconds

__all__ = ["Conversion", "IRateSource", "IRates", "PriceHistory", "Quote", "SourceHealth"]


@record
class Quote:
    """The price of one unit of `base` in `quote`, as one source published it.

    base, quote: ISO 4217 codes, upper case.
    date: the source's own date of the price, not the day it was fetched.
    fetched_at: when it was fetched, UTC, aware.
    stale: whether the source should have published a newer price by the time this one was read.
    """

    base: str
    quote: str
    price: Decimal
    date: date
    fetched_at: datetime
    source: str
    stale: bool

    def as_json(self) -> dict[str, object]:
        """Returns the JSON object of the HTTP API; the price is a string, so that no reader makes it a float."""
        return {
            "base": self.base,
            "quote": self.quote,
            "price": format(self.price, "f"),
            "date": self.date.isoformat(),
            "fetched_at": utc_seconds(self.fetched_at),
            "source": self.source,
            "stale": self.stale,
        }


@record
class Conversion:
    """The value of an amount of quote.base in quote.quote.

    result: computed from the published prices, and rounded once, half to even, to `decimals` digits after the point.
    quote: the price of one unit, and its date. If the source does not publish this pair, that price is rounded to six
    digits, so amount times price may differ from the result after the sixth digit.
    """

    amount: Decimal
    result: Decimal
    decimals: int
    quote: Quote


@record
class PriceHistory:
    """The price of one unit of `base` in `quote`, day by day.

    points: date and price, the oldest first. days: how many dates with a price the range has; if that is more than
    there are points, the points were selected from them. sources: the names of the sources of those dates, sorted.
    gaps: where the pair was not quoted for more than a week: the last date with a price before each gap, and the first
    one after it. No line between two points may lead across a gap.
    """

    base: str
    quote: str
    points: Sequence[tuple[date, Decimal]]
    days: int
    sources: Sequence[str]
    gaps: Sequence[tuple[date, date]] = ()


@record
class SourceHealth:
    """Whether a source of rates works.

    state: one lower-case word for people and for graphs. last_success: UTC, aware; None before the first success.
    failures: how many in a row, 0 after a success. last_error: the text of the latest failure, "" if there was none.
    next_try: the time before which it is not asked again, UTC, aware; None if it may be asked at any time.
    """

    name: str
    state: str
    last_success: datetime | None
    failures: int
    last_error: str
    next_try: datetime | None


class IRates(Interface):
    """The latest quotes and those of the past. Every method may be called in any thread and reads a snapshot.

    In a view's process ([web] processes) the snapshot of the past is that of the service: `on`, `convert` with a day,
    `history` and `span` ask for it, wait for some milliseconds, and raise ServiceBusy if there is no answer in time.

    Codes are in capitals. The price of a pair that no source publishes is computed from the prices of both currencies
    in a base that they share, and rounded to six digits. A quote of a day is stale if a later one, up to that day,
    should have been published.
    """

    def latest(base: str, quote: str) -> Quote | None:
        """Returns the latest quote of a pair, None if there is none. Never raises."""

    def currencies() -> Sequence[str]:
        """Returns the codes of the currencies that have a latest quote, sorted; empty before the first rates."""

    def on(base: str, quote: str, day: date) -> Quote | None:
        """Returns the quote that was valid on a day: that of the last business day up to it, which is its date.

        None if there is none within the week before, and for days in the future. Raises nothing but ServiceBusy.
        """

    def convert(amount: Decimal, base: str, quote: str, day: date | None = None) -> Conversion | None:
        """Returns the value of an amount of base in quote, by the latest quote or by that of a day; None without one.

        Raises ValueError if the amount is not finite or has more than 40 digits.
        """

    def history(base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """Returns the prices from start to end, both included, at most `points` of them; none if none is known.

        If there are more, it keeps the first, the last, and the lowest and the highest of each of equal stretches
        between them, so that each price left out lies between two that are shown. Before and after a gap the same holds
        for each part, if there are four points for each. Takes some milliseconds. Raises ValueError if points is less
        than 4.
        """

    def span(base: str, quote: str) -> tuple[date, date] | None:
        """Returns the first and the last date with a quote of a pair; None if there is none."""

    def version() -> object:
        """Returns a value that is another one when anything of the past has changed; None if that is not known here."""

    def is_complete() -> bool:
        """Whether the past is there as far as it can be had at the moment.

        False for up to a minute after a start without the archive, while the bank's documents of many days are awaited:
        what is unknown until then may be known a little later.
        """

    def is_settled() -> bool:
        """Whether what is known of the past may be kept: no more of it is awaited, with the archive or without."""

    def sources() -> Sequence[SourceHealth]:
        """Returns the health of each source, in the order in which they are asked: a snapshot."""


class IRateSource(Interface):
    """A source of quotes."""

    name: str = Attribute("Its name in [rates] sources and in each quote.")

    def fetch() -> Deferred[Sequence[Quote]]:
        """Returns a Deferred of the source's newest quotes, all of one base. Called in the reactor thread.

        The result is empty if the source says that nothing has changed. The Deferred fails with an Exception whose text
        tells a person what happened. Cancelling it ends the download.
        """
