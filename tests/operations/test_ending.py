"""What the end of the service waits for at a restart."""

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import ServerSettings, WebSettings
from mixsvc.operations.ending import ServiceEnd
from mixsvc.shutdown import StopDeadline
from tests.http.memory_site import Echo, connect, make_site


class Reactor(Clock):
    """looked: how often somebody asked who writes, which is the beginning of taking connections from it."""

    looked = 0

    def getWriters(self) -> list[Any]:
        """See IReactorFDSet."""
        self.looked += 1
        return []


class RestartEndTests(SynchronousTestCase):
    """A site on transports in memory; all other parts have nothing to do."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.site = make_site(self.reactor, Echo(), ServerSettings(), WebSettings())
        nothing = SimpleNamespace(load=lambda: (0, 0), busy=lambda: (), stop=lambda: None)
        stored = SimpleNamespace(flush=None, stop=None, leave=None, close=None, close_own_database=None)
        names = ("chat", "topics", "webhooks", "database")
        rest: dict[str, Any] = dict.fromkeys(names, stored) | dict.fromkeys(("children", "hints", "irc"))
        parts: Any = SimpleNamespace(site=self.site, views=nothing, rates=nothing, **rest)
        self.end = ServiceEnd(self.reactor, parts)
        self.channel, _ = connect(self.site)

    def answering(self) -> "Deferred[None]":
        (((_, _, answer_all), _),) = self.end.answering_steps()
        return Deferred.fromCoroutine(answer_all())  # type: ignore[arg-type]

    def test_it_waits_for_the_rest_of_a_body(self) -> None:
        self.channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
        answering = self.answering()
        self.reactor.advance(1)
        self.assertNoResult(answering)

        self.channel.dataReceived(b"abc")
        self.reactor.advance(1)

        self.successResultOf(answering)

    def test_it_does_not_wait_for_the_rest_of_a_head(self) -> None:
        self.channel.dataReceived(b"GET / HT")

        self.successResultOf(self.answering())

    def test_idle_connections_are_taken_also_when_the_time_is_over(self) -> None:
        self.channel.dataReceived(b"GET / HT")
        _, _, answer_rest = self.end.storing_steps()[0][0]
        self.assertEqual(self.reactor.looked, 0)
        deadline = StopDeadline(self.reactor, 0.1)

        running = Deferred.fromCoroutine(deadline.share(1.0, "the last answers", answer_rest))
        self.reactor.advance(0.1)

        self.successResultOf(running)
        self.assertEqual(self.reactor.looked, 1)
