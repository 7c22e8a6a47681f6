"""What the end of the service waits for at a restart."""

import socket
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import ServerSettings, WebSettings
from mixsvc.operations.ending import LAST_SECONDS, ServiceEnd
from mixsvc.shutdown import StopDeadline
from tests.http.memory_site import REQUEST, Echo, MemoryTLSTransport, connect, make_site


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
        self.parts = parts
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

    def test_idle_connections_are_taken_as_soon_as_nobody_is_accepted_any_more(self) -> None:
        looked: list[int] = []
        port = SimpleNamespace(pause=lambda: looked.append(self.reactor.looked))
        self.parts.ports = self.parts.irc_ports = port

        slowing = Deferred.fromCoroutine(self.end.slow_down())
        self.reactor.advance(LAST_SECONDS)

        self.successResultOf(slowing)
        self.assertEqual((looked, self.reactor.looked), ([0, 0], 1))

    def test_idle_connections_are_taken_before_what_could_answer_is_given_up(self) -> None:
        looked: list[int] = []
        self.parts.children = SimpleNamespace(give_up=lambda: looked.append(self.reactor.looked))

        self.successResultOf(self.answering())

        self.assertEqual(looked, [1])

    def test_under_tls_connections_are_closed_then_unless_their_first_request_is_on_its_way(self) -> None:
        (used, closed), (_, new) = connect(self.site, MemoryTLSTransport), connect(self.site, MemoryTLSTransport)
        self.reactor.advance(1)
        used.dataReceived(REQUEST)
        self.assertFalse(closed.disconnecting)

        self.successResultOf(self.answering())

        self.assertEqual((closed.disconnecting, new.disconnecting), (True, False))

    def test_connections_with_which_no_process_goes_on_are_closed_with_the_ports(self) -> None:
        self.parts.ports = self.parts.irc_ports = self.parts.admin_ports = SimpleNamespace(close=lambda: succeed(None))
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.end._detached.append(ours.detach())

        closing = StopDeadline(self.reactor, 1).share_out(self.end.closing_steps())

        self.successResultOf(Deferred.fromCoroutine(closing))
        self.assertEqual((theirs.recv(1), self.end.take_detached()), (b"", []))

    def test_idle_connections_are_taken_also_when_the_time_is_over(self) -> None:
        self.channel.dataReceived(b"GET / HT")
        _, _, answer_rest = self.end.storing_steps()[0][0]
        self.assertEqual(self.reactor.looked, 0)
        deadline = StopDeadline(self.reactor, 0.1)

        running = Deferred.fromCoroutine(deadline.share(1.0, "the last answers", answer_rest))
        self.reactor.advance(0.1)

        self.successResultOf(running)
        self.assertEqual(self.reactor.looked, 1)
