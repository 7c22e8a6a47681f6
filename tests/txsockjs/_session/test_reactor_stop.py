"""When the reactor stops, every application is told of the end of its session."""

from collections.abc import Callable
from gc import collect
from weakref import ref

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fake_session import FakeApplication, FakeReceiver
from txsockjs._protocol.options import Options
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session


class ReactorStopTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.registry = Registry(self.reactor, Options())
        self.apps: list[FakeApplication] = []
        for name in (b"1", b"2"):
            session = self.registry.find_or_make(name, "192.0.2.1", self.app)
            session.attach(FakeReceiver(session, 1))

    def app(self, session: Session) -> FakeApplication:
        self.apps.append(FakeApplication())
        return self.apps[-1]

    @property
    def triggers(self) -> list[tuple[Callable[..., object], tuple[object, ...], dict[str, object]]]:
        return list(self.reactor.triggers["during"]["shutdown"])

    def stop(self) -> None:
        for function, args, _ in self.triggers:
            function(*args)

    def test_clients_between_two_polls_are_lost(self) -> None:
        self.stop()

        self.assertEqual([[each.type for each in app.reasons] for app in self.apps], [[ConnectionLost]] * 2)
        self.assertEqual(len(self.registry), 0)

    def test_who_was_told_before_is_not_told_again(self) -> None:
        self.registry.stop(1001, "Bye")
        self.reactor.advance(0)
        self.stop()

        self.assertEqual([[each.type for each in app.reasons] for app in self.apps], [[ConnectionDone]] * 2)

    def test_a_service_listens_to_the_reactor_once_and_is_not_kept_by_it(self) -> None:
        self.assertEqual(len(self.triggers), 1)
        self.stop()
        registry = ref(self.registry)
        del self.registry
        collect()

        self.assertIsNone(registry())
        self.stop()
