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

__all__ = ["DeferToThread", "IChat", "IMix", "IRates", "IRateSource", "Quote"]


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
            "fetched_at": self.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "source": self.source,
            "stale": self.stale,
        }


class IRates(Interface):
    """The latest quotes. Every method may be called in any thread, reads a snapshot and never blocks."""

    def latest(base: str, quote: str) -> Quote | None:
        """The latest quote of a pair, or None when there is none; never raises."""

    def currencies() -> Sequence[str]:
        """The codes a quote can be made of, sorted; empty when nothing is known yet."""


class IRateSource(Interface):
    """Where quotes come from."""

    name: str = Attribute("The name in [rates] sources and in each quote.")

    def fetch() -> Deferred[Sequence[Quote]]:
        """The source's newest quotes, all of one base; called in the reactor thread.

        Empty when the source says that nothing has changed. Fails with any Exception whose
        text tells a person what happened; cancelling it gives up.
        """


class IChat(Interface):
    """The chat, seen from anywhere in the process. Every method may be called in any thread but `say`."""

    prefix: str = Attribute("The path of the SockJS endpoint, such as /chat.")

    def rooms() -> Sequence[str]:
        """The names of the rooms."""

    def members(room: str) -> Sequence[str]:
        """The names of those in a room, sorted: a snapshot. Empty for a room that does not exist."""

    def say(room: str, name: str, text: str) -> int:
        """Say a line in a room under a name; returns its number once it is stored.

        Called in a worker thread, never in the reactor's. Raises ValueError for a room, name or
        text that the chat refuses, and ServiceBusy when the reactor does not answer in time or the line
        cannot be stored now. The name is taken as it is: whether it is somebody else's is the caller's affair.
        """


class IMix(Interface):
    """The running service as a view sees it: `from mixsvc import mix`, or current_app.extensions["mixsvc"]."""

    rates: IRates = Attribute("The latest quotes.")
    chat: IChat | None = Attribute("The chat; None where this host does not serve it.")
    pairs: Sequence[tuple[str, str]] = Attribute("The pairs to show, the most important first.")
