"""What `mix` is to type checkers: the interfaces of views as typing.Protocol.

A method of a zope.interface has no `self`, which type checkers take for a mistake unless they have a plugin for it.
Programs that import `mix` get these types, which need none. What the methods do is said in the interfaces; a test
compares both.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar, Unpack, overload

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.interfaces.chat import ChatPage, RoomOverview, SearchPage
from mixsvc.interfaces.holds import HoldOptions
from mixsvc.interfaces.hooks import May, MessageHook
from mixsvc.interfaces.rates import Conversion, PriceHistory, Quote, SourceHealth

__all__ = ["TypedCharts", "TypedChat", "TypedHost", "TypedMix", "TypedRates"]

# What decorators return is what they were given.
Heard = TypeVar("Heard", bound=MessageHook)
Asked = TypeVar("Asked", bound=May)


class TypedChat(Protocol):
    """See IChat."""

    @property
    def prefix(self) -> str:
        """See IChat."""

    @property
    def asks_permission(self) -> bool:
        """See IChat."""

    @overload
    def on_message(self, function: Heard, /, *, name: str = "") -> Heard: ...
    @overload
    def on_message(self, /, *, name: str = "") -> Callable[[Heard], Heard]: ...
    def on_message(self, function: Any = None, /, *, name: str = "") -> Any:
        """See IChat."""

    def may(self, function: Asked, /) -> Asked:
        """See IChat."""

    def revoke(self, person: str | None, room: str) -> None:
        """See IChat."""

    def log_out(self, person: str) -> None:
        """See IChat."""

    def look_at_logins(self) -> None:
        """See IChat."""

    def allows(self, person: str | None, action: str, room: str | None) -> bool:
        """See IChat."""

    def seen_by(self, person: str | None) -> Sequence[RoomOverview]:
        """See IChat."""

    def rooms(self) -> Sequence[str]:
        """See IChat."""

    def members(self, room: str) -> Sequence[str]:
        """See IChat."""

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat."""

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat."""

    def search(self, room: str, text: str, before: int | None = None, limit: int = 20, by: str = "") -> SearchPage:
        """See IChat."""

    def claim(self, name: str, person: str) -> str:
        """See IChat."""

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat."""

    def deliver(self, hook: str, room: str, name: str, text: str, delivery: str | None = None) -> int:
        """See IChat."""


class TypedRates(Protocol):
    """See IRates."""

    def latest(self, base: str, quote: str) -> Quote | None:
        """See IRates."""

    def currencies(self) -> Sequence[str]:
        """See IRates."""

    def on(self, base: str, quote: str, day: date) -> Quote | None:
        """See IRates."""

    def convert(self, amount: Decimal, base: str, quote: str, day: date | None = None) -> Conversion | None:
        """See IRates."""

    def history(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        """See IRates."""

    def span(self, base: str, quote: str) -> tuple[date, date] | None:
        """See IRates."""

    def version(self) -> object:
        """See IRates."""

    def is_complete(self) -> bool:
        """See IRates."""

    def is_settled(self) -> bool:
        """See IRates."""

    def sources(self) -> Sequence[SourceHealth]:
        """See IRates."""


class TypedCharts(Protocol):
    """See ICharts."""

    def picture(self, history: PriceHistory, form: str) -> bytes:
        """See ICharts."""


class TypedHost(Protocol):
    """IMix without its chat."""

    @property
    def rates(self) -> TypedRates:
        """See IMix."""

    @property
    def tokens(self) -> PersonTokens:
        """See IMix."""

    @property
    def charts(self) -> TypedCharts | None:
        """See IMix."""

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """See IMix."""

    def hold(self, *topics: str, **options: Unpack[HoldOptions]) -> Any:
        """See IMix."""

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """See IMix."""

    def last(self, *topics: str) -> str:
        """See IMix."""

    def close(self, topic: str, person: str | None = None) -> None:
        """See IMix."""


class TypedMix(TypedHost, Protocol):
    """See IMix.

    `chat` has the type of a chat, since an application knows whether its host has one; where there is none it is None.
    """

    @property
    def chat(self) -> TypedChat:
        """See IMix."""
