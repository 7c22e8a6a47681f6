"""A chat without a network: a server in memory, and a reactor whose time the test moves."""

import json
from typing import Any, Final

from twisted.internet.testing import MemoryReactorClock

from mixsvc.client.client import ChatClient
from mixsvc.client.options import Options
from mixsvc.client.testing.scripted import ScriptedConnection, accepted, refused
from mixsvc.client.testing.server import MemoryConnection, MemoryServer

__all__ = ["OPTIONS", "MemoryChat"]

URL: Final = "ws://127.0.0.1:8080/chat/websocket"
ADDRESS: Final = ("127.0.0.1", 8080)

# Each delay is as long as it can be, so that tests can tell when it is over.
OPTIONS: Final = Options(random=lambda: 1.0)

MAX_ROUNDS: Final = 1000


class MemoryChat:
    """A MemoryServer, a reactor whose time the test moves, and WebSocket connections between them.

    Give `reactor` and `url` to the program under test, or have `client` make a ChatClient. Nothing happens before
    `settle` or `advance`. Connections to other addresses stay in `reactor.tcpClients`.
    """

    url: Final = URL

    def __init__(self, server: MemoryServer | None = None) -> None:
        self.reactor = MemoryReactorClock()
        self.server = MemoryServer() if server is None else server
        self._pairs: list[tuple[ScriptedConnection, MemoryConnection]] = []
        self._is_up = True

    def client(self, name: str, token: str | None = None, options: Options = OPTIONS) -> ChatClient:
        """A client of this chat, not started. token and options: see ChatClient."""
        return ChatClient(self.reactor, self.url, name, token, options)

    def settle(self) -> None:
        """Accept connecting clients, and deliver messages both ways until none is under way; no time passes.

        Raises AssertionError when they never end, such as those of a program that answers itself.
        """
        for _ in range(MAX_ROUNDS):
            if not self._connect() and not any([self._exchange(*pair) for pair in list(self._pairs)]):
                return
        raise AssertionError(f"messages are still under way after {MAX_ROUNDS} rounds; does a client answer itself?")

    def advance(self, seconds: float) -> None:
        """Let time pass; whatever becomes due is done at its time, and settled before time goes on."""
        end = self.reactor.seconds() + seconds
        self.settle()
        while (due := self._next_due()) <= end:
            self._advance_to(due)
        self._advance_to(end)

    def disconnect(self) -> None:
        """Break all connections; messages under way are lost. The clients connect again as time passes."""
        pairs, self._pairs = self._pairs, []
        for scripted, connection in pairs:
            connection.end()
            scripted.lose()

    def go_down(self) -> None:
        """Break all connections, and refuse every attempt to connect until `come_up`."""
        self._is_up = False
        self.disconnect()

    def come_up(self) -> None:
        """Accept connections again."""
        self._is_up = True

    def _next_due(self) -> float:
        return min((call.getTime() for call in self.reactor.getDelayedCalls()), default=float("inf"))

    def _advance_to(self, moment: float) -> None:
        self.reactor.advance(max(0.0, moment - self.reactor.seconds()))
        self.settle()

    def _connect(self) -> bool:
        factories = _take_attempts(self.reactor)
        for factory in factories:
            if self._is_up:
                self._pairs.append((accepted(factory), MemoryConnection(self.server)))
            else:
                refused(factory)
        return bool(factories)

    def _exchange(self, scripted: ScriptedConnection, connection: MemoryConnection) -> bool:
        """Deliver what is under way over one connection; whether there was something."""
        is_busy = bool(scripted.sent_bytes())
        connection.to_server.extend(json.dumps(request) for request in scripted.requests())
        is_busy = connection.serve() or is_busy
        while connection.to_client and not scripted.is_over:
            scripted.send_text(connection.to_client.popleft())
            is_busy = True
        if connection.closing is not None and not scripted.is_over:
            scripted.close(*connection.closing)
        if scripted.is_over and (scripted, connection) in self._pairs:
            scripted.lose()
            connection.end()
            self._pairs.remove((scripted, connection))
            return True
        return is_busy


def _take_attempts(reactor: MemoryReactorClock) -> list[Any]:
    """Take the attempts to connect to the chat from the reactor's lists; the factories of those not cancelled."""
    taken, kept = [], []
    for client, connector in zip(reactor.tcpClients, reactor.connectors, strict=True):
        if client[:2] != ADDRESS:
            kept.append((client, connector))
        elif not connector.stoppedConnecting:
            taken.append(client[2])
    reactor.tcpClients[:] = [client for client, _ in kept]
    reactor.connectors[:] = [connector for _, connector in kept]
    return taken
