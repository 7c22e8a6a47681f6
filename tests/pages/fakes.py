"""A service in memory, for the tests of the web part."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Unpack

from zope.interface import implementer

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.errors import NameTaken, NoSuchRoom, ServiceBusy
from mixsvc.holds.asked import held_response
from mixsvc.holds.response import HeldResponse, cannot_hold
from mixsvc.hooks.registry import HookRegistry
from mixsvc.interfaces import (
    ChatMessage,
    ChatPage,
    Conversion,
    FoundMessage,
    IChat,
    IMix,
    IRates,
    PriceHistory,
    Quote,
    RoomOverview,
    SearchPage,
    SourceHealth,
)
from mixsvc.interfaces.charts import ICharts
from mixsvc.interfaces.holds import HoldOptions

__all__ = ["MESSAGE", "QUOTE", "FakeChat", "FakeMix", "FakeRates"]

QUOTE = Quote(
    base="EUR",
    quote="USD",
    price=Decimal("1.1172"),
    date=date(2026, 10, 30),
    fetched_at=datetime(2026, 10, 30, 15, 4, 5, tzinfo=UTC),
    source="ecb",
    stale=False,
)

MESSAGE = ChatMessage(number=41, name="Bob", text="anyone here?", said_at=1_700_000_000.5)


@implementer(IRates)
class FakeRates:
    """Knows the quotes that it was given, and their currencies; has no history."""

    def __init__(self, *quotes: Quote) -> None:
        self._quotes = {(quote.base, quote.quote): quote for quote in quotes}

    def latest(self, base: str, quote: str) -> Quote | None:
        return self._quotes.get((base, quote))

    def currencies(self) -> Sequence[str]:
        return sorted({code for pair in self._quotes for code in pair})

    def on(self, base: str, quote: str, day: date) -> Quote | None:
        found = self.latest(base, quote)
        return found if found is not None and found.date <= day else None

    def convert(self, amount: Decimal, base: str, quote: str, day: date | None = None) -> Conversion | None:
        found = self.latest(base, quote) if day is None else self.on(base, quote, day)
        return None if found is None else Conversion(amount, round(amount * found.price, 2), 2, found)

    def history(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        found = self.latest(base, quote)
        dated = [(found.date, found.price)] if found is not None and start <= found.date <= end else []
        return PriceHistory(base, quote, dated, len(dated), ["ecb"] if dated else [])

    def span(self, base: str, quote: str) -> tuple[date, date] | None:
        found = self.latest(base, quote)
        return None if found is None else (found.date, found.date)

    def version(self) -> None:
        return None

    def is_complete(self) -> bool:
        return True

    def is_settled(self) -> bool:
        return True

    def sources(self) -> Sequence[SourceHealth]:
        return [SourceHealth("ecb", "good", QUOTE.fetched_at, 0, "", None)]


@implementer(IChat)
class FakeChat:
    """Two rooms. Records what was said and which names are in use, and raises `trouble` if it is set."""

    prefix = "/talk"

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str, str | None]] = []
        # Of webhooks: which, and its delivery.
        self.delivered: list[tuple[str, str | None]] = []
        self.asked: list[tuple[str, int | None, int]] = []
        self.searched: list[tuple[str, str, int | None, int, str]] = []
        self.users: dict[str, str] = {}
        self.trouble: Exception | None = None

        # What `allows` says no to, and whether it is asked.
        self.refused: set[tuple[str | None, str, str | None]] = set()
        self.asks_permission = False
        self.logged_out: list[str] = []
        self.looks = 0
        self.revoked: list[tuple[str | None, str]] = []
        self.hooks = HookRegistry()

    def on_message(self, function: Any = None, /, *, name: str = "") -> Any:
        return self.hooks.on_message(function, name=name)

    def may(self, function: Callable[[str | None, str, str | None], bool], /) -> Any:
        return self.hooks.may(function)

    def revoke(self, person: str | None, room: str) -> None:
        self.revoked.append((person, room))

    def log_out(self, person: str) -> None:
        self.logged_out.append(person)

    def look_at_logins(self) -> None:
        self.looks += 1
        if self.trouble is not None:
            raise self.trouble

    def allows(self, person: str | None, action: str, room: str | None) -> bool:
        return (person, action, room) not in self.refused

    def seen_by(self, person: str | None) -> Sequence[RoomOverview]:
        hidden = {"attic"} if (person, "join", "attic") in self.refused else set()
        return [*self.overview(), *([] if hidden else [RoomOverview("attic", 1, "", 3)])]

    def rooms(self) -> Sequence[str]:
        return ["lobby", "Türkçe"]

    def members(self, room: str) -> Sequence[str]:
        return []

    def overview(self) -> Sequence[RoomOverview]:
        return [RoomOverview("lobby", 2, "Plans", 42), RoomOverview("Türkçe", 0, "", 0)]

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        self._check(room)
        self.asked.append((room, before, limit))
        return ChatPage([MESSAGE], first=1, last=42, epoch="e1")

    def search(self, room: str, text: str, before: int | None = None, limit: int = 20, by: str = "") -> SearchPage:
        """Finds one message, and more below 7 unless that was asked for."""
        self._check(room)
        self.searched.append((room, text, before, limit, by))
        return SearchPage([text.lower()], [FoundMessage(room, MESSAGE)], {} if before else {room: 7})

    def claim(self, name: str, person: str) -> str:
        """Spaces around a name are removed; an empty name is refused."""
        if self.trouble:
            raise self.trouble
        spelling = name.strip()
        if not spelling:
            raise ValueError("A name is not empty.")
        if self.users.get(spelling.casefold(), person) != person:
            raise NameTaken(f"{spelling} is somebody else.", f"{spelling}2")
        return spelling

    def deliver(self, hook: str, room: str, name: str, text: str, delivery: str | None = None) -> int:
        if self.trouble:
            raise self.trouble
        self.delivered.append((hook, delivery))
        return self.say(room, name, text)

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        self._check(room)
        self.said.append((room, name, text, key))
        return len(self.said)

    def _check(self, room: str) -> None:
        if self.trouble:
            raise self.trouble
        if room not in self.rooms():
            raise NoSuchRoom(f"There is no room {room}.")


@implementer(IMix)
class FakeMix:
    """EUR/USD is known, EUR/GBP is shown but has no quote, and the chat is served."""

    def __init__(self, rates: IRates | None = None, chat: IChat | None = None, charts: ICharts | None = None) -> None:
        self.rates = rates or FakeRates(QUOTE, replace(QUOTE, quote="JPY", price=Decimal("180.50")))
        self.chat = chat
        self.charts = charts
        self.tokens = PersonTokens()
        self.pairs: Sequence[tuple[str, str]] = (("EUR", "USD"), ("EUR", "GBP"))
        self.elsewhere = cannot_hold

    def hold(self, *topics: str, **options: Unpack[HoldOptions]) -> HeldResponse:
        return held_response(topics, options, self.elsewhere)

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        raise ServiceBusy("nothing is published here")

    def last(self, *topics: str) -> str:
        raise ServiceBusy("nothing is published here")

    def close(self, topic: str, person: str | None = None) -> None:
        raise ServiceBusy("nothing is published here")
