"""A service in memory, for the tests of the web part."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from zope.interface import implementer

from mixsvc.interfaces import IChat, IMix, IRates, Quote

__all__ = ["FakeChat", "FakeMix", "FakeRates", "QUOTE"]

QUOTE = Quote(
    base="EUR",
    quote="USD",
    price=Decimal("1.1172"),
    date=date(2026, 10, 30),
    fetched_at=datetime(2026, 10, 30, 15, 4, 5, tzinfo=UTC),
    source="ecb",
    stale=False,
)


@implementer(IRates)
class FakeRates:
    """Knows the quotes it was given, and the currencies in them."""

    def __init__(self, *quotes: Quote) -> None:
        self._quotes = {(quote.base, quote.quote): quote for quote in quotes}

    def latest(self, base: str, quote: str) -> Quote | None:
        return self._quotes.get((base, quote))

    def currencies(self) -> Sequence[str]:
        return sorted({code for pair in self._quotes for code in pair})


@implementer(IChat)
class FakeChat:
    """One room with nobody inside; remembers what was said."""

    prefix = "/talk"

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str]] = []

    def rooms(self) -> Sequence[str]:
        return ["lobby"]

    def members(self, room: str) -> Sequence[str]:
        return []

    def say(self, room: str, name: str, text: str) -> int:
        self.said.append((room, name, text))
        return len(self.said)


@implementer(IMix)
class FakeMix:
    """EUR/USD is known, EUR/GBP is shown but has no quote, and the chat is served."""

    def __init__(self, rates: IRates | None = None, chat: IChat | None = None) -> None:
        self.rates = rates or FakeRates(QUOTE, replace(QUOTE, quote="JPY", price=Decimal("180.50")))
        self.chat = chat
        self.pairs: Sequence[tuple[str, str]] = (("EUR", "USD"), ("EUR", "GBP"))
