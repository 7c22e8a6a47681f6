"""A poller on a clock of the test, and sources whose answers the test chooses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.polling.chain import Chain
from mixsvc.rates.polling.poller import QuoteOutputs, RatePoller
from tests.rates.samples import moment

SETTINGS = replace(RatesSettings(), interval=30.0, timeout=10.0)

Answer = Callable[[], "Deferred[Sequence[Quote]]"]


def failing() -> "Deferred[Sequence[Quote]]":
    return fail(SourceFailed("no luck"))


def nothing_new() -> "Deferred[Sequence[Quote]]":
    return succeed([])


@implementer(IRateSource)
class FakeSource:
    """Gives the answers that the test chooses, and records when it was asked."""

    def __init__(self, clock: Clock, name: str) -> None:
        self.name = name
        self.answer: Answer = nothing_new
        self.asked: list[float] = []
        self._clock = clock

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        self.asked.append(self._clock.seconds())
        return self.answer()


class Hanging:
    """An answer that never comes, and whether it was given up."""

    def __init__(self) -> None:
        self.given_up = 0
        self.begun: Deferred[Any] | None = None

    def __call__(self) -> "Deferred[Any]":
        self.begun = Deferred(self._give_up)
        return self.begun

    def _give_up(self, _: object) -> None:
        self.given_up += 1


class PollerCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.first, self.second = FakeSource(self.clock, "first"), FakeSource(self.clock, "second")
        self.table = RateTable(moment)
        self.saved: list[Sequence[Quote]] = []
        self.told: list[Sequence[Quote]] = []
        self.saving: Callable[[], Deferred[None]] = lambda: succeed(None)
        self.poller = self.build(self.told.append)

    def build(self, on_change: Callable[[Sequence[Quote]], None]) -> RatePoller:
        chain = Chain([self.first, self.second], SETTINGS.interval, lambda: 0.5)
        return RatePoller(self.clock, chain, SETTINGS, QuoteOutputs(self.table, self.save, on_change), moment)

    def save(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        self.saved.append(quotes)
        return self.saving()

    def start(self) -> None:
        self.poller.startService()

    def rounds(self, count: int) -> None:
        self.clock.pump([SETTINGS.interval] * count)

    def logged(self, events: Sequence[LogEvent]) -> list[str]:
        return [formatEvent(each) for each in events if str(each["log_namespace"]).startswith("mixsvc")]
