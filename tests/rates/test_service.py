from dataclasses import replace
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.config.settings import MEMORY, RatesSettings, Settings, StorageSettings
from mixsvc.interfaces import IRates
from mixsvc.rates.service import Polling
from tests.rates.samples import at_once

SETTINGS = Settings(
    rates=replace(RatesSettings(), sources=("archive",)), storage=replace(StorageSettings(), path=MEMORY)
)


class Pool:
    """In place of threads."""

    defer = staticmethod(at_once)


class PollingTests(SynchronousTestCase):
    def setUp(self) -> None:
        pool: Any = Pool()
        self.polling = Polling(MemoryReactorClock(), SETTINGS, pool)
        self.told: list[bool] = []
        self.addCleanup(self.polling.stop)

    def told_of(self) -> None:
        self.told.append(self.polling.rates.latest("EUR", "USD") is not None)

    def test_what_it_offers_keeps_its_promises(self) -> None:
        verifyObject(IRates, self.polling.rates)

    def test_who_watches_is_told_once_new_quotes_can_be_read(self) -> None:
        self.polling.watch(self.told_of)

        self.polling.start()

        self.assertEqual(self.told, [True])

    def test_nobody_is_told_of_what_was_known_already(self) -> None:
        self.polling.read_archive()
        self.polling.watch(self.told_of)

        self.polling.start()

        self.assertEqual(self.told, [])

    def test_one_that_raises_ends_neither_the_polling_nor_the_telling(self) -> None:
        self.polling.watch(self.fail_at_once)
        self.polling.watch(self.told_of)

        self.polling.start()

        self.assertEqual((self.told, len(self.flushLoggedErrors(ZeroDivisionError))), ([True], 1))

    def test_each_source_has_its_health(self) -> None:
        self.assertEqual([each.name for each in self.polling.rates.sources()], ["archive"])

    def fail_at_once(self) -> None:
        raise ZeroDivisionError
