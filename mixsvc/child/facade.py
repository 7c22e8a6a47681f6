"""`mix` in a view's process: the latest rates are here, everything else is asked of the service."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeAlias

from mixsvc.application import person_tokens
from mixsvc.charts.remote import RemoteCharts
from mixsvc.chat.remote import RemoteChat
from mixsvc.common.answers import decode
from mixsvc.config.settings import Settings
from mixsvc.facade import Facades
from mixsvc.pages.auth.memory import LoginMemory
from mixsvc.pages.auth.remote import remote_memory
from mixsvc.rates.remote import PushedRates, RemoteHistory
from mixsvc.threads.children import this_process
from mixsvc.threads.wait_limit import AskInSlot, Slot, WaitLimit
from mixsvc.topics.remote import RemoteTopics

__all__ = ["AskService", "ChildFacades"]

# How long a view waits for an answer of the service, in seconds; for a picture it is [rates] chart_timeout.
ANSWER_SECONDS: Final = 5.0

Ask: TypeAlias = Callable[[str, Sequence[object]], Any]


class AskService(Protocol):
    """The way of a question to the service."""

    def __call__(self, question: bytes, seconds: float, /) -> bytes:
        """Returns the answer. Called in any thread, which waits; raises ServiceBusy after so many seconds."""


class ChildFacades:
    """What views of this process see, and what it shares with the service.

    take_rates: is given what mixsvc.rates.news sends, by one thread. logins: what all processes remember of logins.
    """

    def __init__(self, ask: AskService, settings: Settings, key: bytes | None = None) -> None:
        """ask: of mixsvc.questions. key: see person_tokens."""
        rates = PushedRates(_now, RemoteHistory(_asker(ask, "rates.", ANSWER_SECONDS)))
        # If the disk hangs, half of the view threads are left for those who do not need the database.
        wait_limit = WaitLimit(max(1, settings.web.threads // 2))
        chat = RemoteChat(_in_slot(_asker(ask, "chat.", ANSWER_SECONDS)), settings.chat.prefix, wait_limit)
        topics = RemoteTopics(_in_slot(_asker(ask, "topics.", ANSWER_SECONDS)), wait_limit)
        charts = RemoteCharts(_asker(ask, "charts.", settings.rates.chart_timeout))
        self._rates = rates
        tokens = person_tokens(settings, key)
        self._facades = Facades(rates.facade, chat, settings.rates.pairs, charts, tokens, topics)
        self.take_rates = rates.take
        self.logins: LoginMemory = remote_memory(_asker(ask, "", ANSWER_SECONDS))

    def find(self) -> Facades:
        """For Mix.connect. Any thread; waits for the first rates, which come right after the start."""
        self._rates.wait(ANSWER_SECONDS)
        return self._facades


def _asker(ask: AskService, prefix: str, seconds: float) -> Ask:
    """Asks methods whose names begin with the prefix."""

    def asked(method: str, arguments: Sequence[object]) -> Any:
        if this_process.is_one:
            raise RuntimeError("a process that a view has forked cannot call the service; call it in the view")
        return decode(ask(json.dumps([prefix + method, arguments]).encode(), seconds))

    return asked


def _in_slot(ask: Ask) -> AskInSlot:
    def asked(method: str, arguments: Sequence[object], slot: Slot) -> Any:
        with slot():
            return ask(method, arguments)

    return asked


def _now() -> datetime:
    return datetime.now(UTC)
