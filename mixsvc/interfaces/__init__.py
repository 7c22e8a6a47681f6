"""The seams between the parts, and the values that cross them.

web, chat and rates never import each other: they meet here and in the service object.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from mixsvc.common.times import utc_milliseconds, utc_seconds
from mixsvc.interfaces.auth import Authenticator, IAuthenticator, Identity
from mixsvc.interfaces.charts import ICharts

__all__ = [
    "Authenticator",
    "ChatMessage",
    "ChatPage",
    "Conversion",
    "DeferToThread",
    "IAuthenticator",
    "IChat",
    "IMix",
    "IRateSource",
    "IRates",
    "Identity",
    "PriceHistory",
    "Quote",
    "RoomOverview",
    "SourceHealth",
]


T = TypeVar("T")


class DeferToThread(Protocol):
    """Runs a blocking function in a thread; twisted.internet.threads.deferToThread is one."""

    def __call__(self, function: Callable[[], T], /) -> "Deferred[T]":
        """Called in the reactor thread; fires there with what the function returned or raised."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit of `base` costs in `quote`, as one source published it.

    base, quote: ISO 4217 codes, upper case.
    date: the source's own date of the price, not the day it was fetched.
    fetched_at: when it was fetched, UTC, aware.
    stale: whether the source should have published a newer one by the time this was read.
    """

    base: str
    quote: str
    price: Decimal
    date: date
    fetched_at: datetime
    source: str
    stale: bool

    def as_json(self) -> dict[str, object]:
        """The JSON object of the HTTP API; the price is a string, so that no reader makes it a float."""
        return {
            "base": self.base,
            "quote": self.quote,
            "price": format(self.price, "f"),
            "date": self.date.isoformat(),
            "fetched_at": utc_seconds(self.fetched_at),
            "source": self.source,
            "stale": self.stale,
        }


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an amount of quote.base is worth in quote.quote.

    result: worked out from the prices as they were published, and rounded once, half to even, to `decimals`.
    quote: what one unit costs, and of which date that is. Where the source does not publish this very pair, its price
    is rounded to six digits, so that amount times price may differ from the result in what comes after those.
    """

    amount: Decimal
    result: Decimal
    decimals: int
    quote: Quote


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """What one unit of `base` cost in `quote`, day by day.

    points: date and price, the oldest first. days: how many dates there are in the range that was asked for; where that
    is more than there are points, these were chosen among them. sources: who published those dates, sorted.
    """

    base: str
    quote: str
    points: Sequence[tuple[date, Decimal]]
    days: int
    sources: Sequence[str]


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source of rates fares.

    state: one lower-case word for people and for graphs. last_success: UTC, aware; None before the first one.
    failures: how many in a row, 0 after a success. last_error: what the latest failure said, "" when there was none.
    next_try: when it may be asked again, UTC, aware; None: at any time.
    """

    name: str
    state: str
    last_success: datetime | None
    failures: int
    last_error: str
    next_try: datetime | None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """What was said in a room.

    number: its place in the room, from 1 on. said_at: seconds since 1970, UTC.
    kind: "" for an ordinary message, else "action", "topic" or "answer" (docs/reference/chat-protocol.md).
    is_deleted: a moderator took the text away; the number stays.
    """

    number: int
    name: str
    text: str
    said_at: float
    kind: str = ""
    is_deleted: bool = False

    def as_json(self) -> dict[str, object]:
        """The JSON object of the chat protocol and of the HTTP API."""
        fields: dict[str, object] = {
            "number": self.number,
            "name": self.name,
            "text": self.text,
            "time": utc_milliseconds(self.said_at),
        }
        if self.kind:
            fields["kind"] = self.kind
        if self.is_deleted:
            fields["deleted"] = True
        return fields


@dataclass(frozen=True, slots=True)
class ChatPage:
    """Messages of a room, the oldest first, and the numbers between which the room's messages are kept.

    last: the newest number, 0 when nothing was ever said; first: the lowest kept, last + 1 when none is.
    deleted: numbers of deleted messages that whoever asked may still show.
    """

    messages: Sequence[ChatMessage]
    first: int
    last: int
    topic: str = ""
    deleted: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class RoomOverview:
    """A room from outside. members: how many persons are inside; last: the number of its newest message."""

    room: str
    members: int
    topic: str
    last: int


class IRates(Interface):
    """The latest quotes and those of the past. Every method may be called in any thread and reads a snapshot.

    Codes are in capitals. Any pair can be made of two currencies with the same base: by crossing, rounded to six
    digits. A quote that is asked for by a day is stale where a later one, up to that day, should have been published.
    """

    def latest(base: str, quote: str) -> Quote | None:
        """The latest quote of a pair, or None when there is none; never raises."""

    def currencies() -> Sequence[str]:
        """The codes a latest quote can be made of, sorted; empty when nothing is known yet."""

    def on(base: str, quote: str, day: date) -> Quote | None:
        """The quote that held on a day: that of the last business day up to it, whose date the quote says.

        None when there is none within the week before it, and for days to come; never raises.
        """

    def convert(amount: Decimal, base: str, quote: str, day: date | None = None) -> Conversion | None:
        """What an amount of base is worth in quote, by the latest quote or by that of a day; None without a quote.

        Raises ValueError for an amount that is not finite or has more than 40 digits.
        """

    def history(base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """The prices from start to end, both included, at most `points` of them (4 or more); none when none is known.

        Of too many the first and the last are kept, and of each of equal stretches between them the lowest and the
        highest: what is left out lies between what is shown. Takes some milliseconds. Raises ValueError for fewer
        points than 4.
        """

    def span(base: str, quote: str) -> tuple[date, date] | None:
        """The first and the last date that a pair has a quote of; None when there is none.

        None, too, in the moment after the start in which the past is still being read.
        """

    def sources() -> Sequence[SourceHealth]:
        """How each source fares, in the order of the chain: a snapshot."""


class IRateSource(Interface):
    """Where quotes come from."""

    name: str = Attribute("The name in [rates] sources and in each quote.")

    def fetch() -> Deferred[Sequence[Quote]]:
        """The source's newest quotes, all of one base; called in the reactor thread.

        Empty when the source says that nothing has changed. Fails with any Exception whose
        text tells a person what happened; cancelling it gives up.
        """


class IChat(Interface):
    """The chat, seen from anywhere in the process. What only reads a snapshot may be called in any thread."""

    prefix: str = Attribute("The path of the SockJS endpoint, such as /chat.")

    def rooms() -> Sequence[str]:
        """The names of the rooms."""

    def members(room: str) -> Sequence[str]:
        """The names of those in a room, sorted: a snapshot. Empty for a room that does not exist."""

    def overview() -> Sequence[RoomOverview]:
        """The rooms, those of the settings first: a snapshot."""

    def page(room: str, before: int | None, limit: int) -> ChatPage:
        """The newest `limit` (1 to 200) messages of a room, of those with numbers below `before`.

        Called in a worker thread, never in the reactor's. Raises NoSuchRoom and ServiceBusy.
        """

    def claim(name: str, person: str) -> str:
        """The one spelling of a name that a person may use now: nobody else does.

        Called in a worker thread, never in the reactor's. Raises NameTaken, ValueError for what cannot be a name,
        and ServiceBusy.
        """

    def say(room: str, name: str, text: str, key: str | None = None) -> int:
        """Say a line in a room under a name; returns its number once it is stored.

        Called in a worker thread, never in the reactor's. Raises ValueError for a room, name or
        text that the chat refuses, and ServiceBusy when the reactor does not answer in time or the line
        cannot be stored now. The name is taken as it is: whether it is somebody else's is the caller's affair.
        key: the same text with the same key is stored once.
        """


class IMix(Interface):
    """The running service as a view sees it: `from mixsvc import mix`, or current_app.extensions["mixsvc"]."""

    rates: IRates = Attribute("The latest quotes.")
    chat: IChat | None = Attribute("The chat; None where this host does not serve it.")
    charts: ICharts | None = Attribute("Draws pictures of rates; None where this host does not.")
    pairs: Sequence[tuple[str, str]] = Attribute("The pairs to show, the most important first.")
