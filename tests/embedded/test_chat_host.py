"""A process that serves the chat of a host, with a reactor in memory."""

import hmac
import json
import time
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from mixsvc.config.settings import ChatSettings, ServerSettings, Settings, StorageSettings
from mixsvc.embedded.shared_chat import ChatHost, ServedParts
from mixsvc.embedded.turns import ChatLocation, ChatLock
from mixsvc.shutdown import StopDeadline


class Dispatcher:
    """Has what the ChatRpcServer asks for when it is made, and what the test asks it."""

    members = overview = seen_by = allows = revoke = claim = page = publish = answer = close = log_out = None
    look_at_logins = None

    def rooms(self) -> list[str]:
        return ["lobby"]


class Chat:
    """Stands for a ChatService."""

    def __init__(self) -> None:
        self.resource = Resource()
        self.dispatcher = Dispatcher()

    def prepare(self) -> None:
        """Nothing is stored."""

    def start(self, stored: object) -> None:
        """It has no timers."""

    def close(self) -> "Deferred[None]":
        return succeed(None)

    def flush(self) -> "Deferred[None]":
        return succeed(None)


class Topics:
    """Stands for a TopicsService."""

    publisher = closer = Dispatcher()

    def start(self) -> None:
        """It has no timers."""

    def stop(self) -> "Deferred[None]":
        return succeed(None)

    close_own_database = stop


def served() -> ServedParts:
    chat: Any = Chat()
    topics: Any = Topics()
    holder: Any = Topics()
    webhooks: Any = Topics()
    return ServedParts(chat, topics, holder, webhooks)


class Helpers:
    """Runs a function at once."""

    def defer(self, function: Any) -> "Deferred[Any]":
        return succeed(function())


class SlowHelpers:
    """The database answers later."""

    def __init__(self) -> None:
        self.answer: Deferred[None] = Deferred()

    def defer(self, function: Any) -> "Deferred[Any]":
        return self.answer


class StopTests(SynchronousTestCase):
    """The process ends while it takes the chat over."""

    def setUp(self) -> None:
        self.path = self.mktemp()
        settings = Settings(
            storage=StorageSettings(path=self.path),
            chat=ChatSettings(listen=("tcp:8081",), token_file=f"{self.path}.token"),
        )
        self.reactor, self.helpers = MemoryReactorClock(), SlowHelpers()
        helpers: Any = self.helpers
        self.host = ChatHost(self.reactor, settings, served, helpers, lambda environ: None)
        self.host.start()
        self.stopped = Deferred.fromCoroutine(self.host.stop(StopDeadline(self.reactor, 5)))

    def test_a_stop_ends_what_was_about_to_be_served(self) -> None:
        self.assertNoResult(self.stopped)
        self.helpers.answer.callback(None)
        self.successResultOf(self.stopped)
        assert ChatLock(self.path).location() == ChatLocation() and not self.reactor.getDelayedCalls()

    def test_a_stop_does_not_wait_for_a_slow_database_and_nothing_is_served_after_it(self) -> None:
        self.reactor.advance(1)
        self.successResultOf(self.stopped)
        self.helpers.answer.callback(None)
        assert self.reactor.tcpServers == [] and ChatLock(self.path).location() == ChatLocation()


def test_other_processes_are_answered_though_the_site_is_for_named_hosts(tmp_path: Path) -> None:
    settings = Settings(
        server=ServerSettings(hosts=("chat.example.org",)),
        storage=StorageSettings(path=str(tmp_path / "db")),
        chat=ChatSettings(listen=("tcp:8081",), token_file=str(tmp_path / "token")),
    )
    reactor, helpers = MemoryReactorClock(), Helpers()
    host = ChatHost(reactor, settings, served, helpers, lambda environ: None)  # type: ignore[arg-type]  # they have what is used
    host.start()
    browsers, processes = reactor.tcpServers

    body = json.dumps(["rooms", [], time.time()]).encode()
    mac = hmac.new((tmp_path / "token").read_bytes().strip(), body, "sha256").hexdigest()
    asked = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:40000\r\nX-Mac: {mac}\r\nContent-Length: {len(body)}\r\n\r\n"

    assert answer_of(processes[1], asked.encode() + body).endswith(b'{"value": ["lobby"]}\r\n0\r\n\r\n')
    assert b" 421 " in answer_of(browsers[1], b"GET /chat/info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    Deferred.fromCoroutine(host.stop(StopDeadline(reactor, 1)))


def answer_of(factory: Any, data: bytes) -> bytes:
    transport = StringTransport()
    transport.setTcpNoDelay = lambda enabled: None  # type: ignore[attr-defined]  # MixSite asks TCP for it
    protocol = factory.buildProtocol(None)
    protocol.makeConnection(transport)
    protocol.dataReceived(data)
    sent: bytes = transport.value()
    return sent
