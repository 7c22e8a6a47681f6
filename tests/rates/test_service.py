from dataclasses import replace
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from mixsvc.config.settings import MEMORY, RatesSettings, Settings, StorageSettings
from mixsvc.interfaces import IRates
from mixsvc.rates.service import RatesService
from mixsvc.storage.database import Database
from tests.rates.samples import at_once

SETTINGS = Settings(
    rates=replace(RatesSettings(), sources=("archive",)), storage=replace(StorageSettings(), path=MEMORY)
)


class InlinePool:
    """Calls at once what a pool would call in a thread."""

    defer = staticmethod(at_once)


class RatesServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        pool: Any = InlinePool()
        reactor: Any = MemoryReactorClock()
        self.rates = RatesService(reactor, SETTINGS, Database(reactor, MEMORY, at_once), pool)
        self.told: list[bool] = []
        self.addCleanup(self.rates.stop)

    def note(self) -> None:
        self.told.append(self.rates.facade.latest("EUR", "USD") is not None)

    def test_the_facade_provides_irates(self) -> None:
        verifyObject(IRates, self.rates.facade)

    def test_a_listener_is_called_once_new_quotes_can_be_read(self) -> None:
        self.rates.add_listener(self.note)

        self.rates.start()

        self.assertEqual(self.told, [True])

    def test_no_listener_is_called_for_quotes_that_were_known_already(self) -> None:
        self.rates.read_archive()
        self.rates.add_listener(self.note)

        self.rates.start()

        self.assertEqual(self.told, [])

    def test_a_listener_that_raises_is_logged_and_the_others_are_called(self) -> None:
        self.rates.add_listener(self.fail_at_once)
        self.rates.add_listener(self.note)

        self.rates.start()

        self.assertEqual((self.told, len(self.flushLoggedErrors(ZeroDivisionError))), ([True], 1))

    def test_a_listener_added_during_a_notification_waits_for_the_next_one(self) -> None:
        self.rates.add_listener(lambda: self.rates.add_listener(self.note))

        self.rates.start()

        self.assertEqual(self.told, [])

    def test_each_source_has_its_health(self) -> None:
        self.assertEqual([each.name for each in self.rates.facade.sources()], ["archive"])

    def fail_at_once(self) -> None:
        raise ZeroDivisionError
