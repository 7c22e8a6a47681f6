"""The IRC door as a part of the service: who may connect, and the end of all connections."""

from collections import Counter
from itertools import islice
from math import ceil
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from mixsvc.common.addresses import peer_network
from mixsvc.config.settings import Settings
from mixsvc.interfaces.goodbyes import spread_returns
from mixsvc.irc.clients.door import IrcDependencies, IrcDoor
from mixsvc.irc.clients.numbers import IrcNumbers
from mixsvc.irc.connection import CLOSE_SECONDS, IrcConnection
from mixsvc.irc.grammar.lines import as_bytes

__all__ = ["IrcService"]

TEXTS: Final = {
    "connections": "This server has too many connections; try again later",
    "address": "Too many connections come from your address",
    "stopping": "Server is stopping",
}


class RefusedConnection(Protocol):
    """A connection that is told why it is closed. Over TLS that is only said once the client has shaken hands."""

    def __init__(self, reason: str, clock: IReactorTime) -> None:
        self._line = as_bytes("", "ERROR", (f"Closing link: {reason}",))
        self._clock = clock
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Say why, and close."""
        transport: Any = self.transport
        self._deadline = self._clock.callLater(CLOSE_SECONDS, transport.abortConnection)
        transport.write(self._line)
        transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is closed."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()


class IrcService(Factory):
    """Makes the connections of all ports. Used in the reactor thread."""

    noisy = False
    # What a TLS port says to a client that speaks without TLS.
    without_tls = b"ERROR :Closing link: This port speaks TLS\r\n"

    def __init__(self, settings: Settings, given: IrcDependencies) -> None:
        self._door = IrcDoor(settings.irc, settings.chat, given)
        self._connections: dict[IrcConnection, str] = {}
        self._by_address: Counter[str] = Counter()
        self._stopped: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Returns the protocol of a connection."""
        address = peer_network(addr)
        reason = self._refusal(address)
        if reason:
            self._door.numbers.refused[reason] += 1
            return RefusedConnection(TEXTS[reason], self._door.given.clock)
        connection = IrcConnection(self._door, self._left)
        self._connections[connection] = address
        self._by_address[address] += 1
        self._door.numbers.opened += 1
        return connection

    def reload(self, settings: Settings) -> None:
        """Take other limits; connections that there are stay."""
        self._door.reload(settings.irc, settings.chat)

    def transports(self) -> list[Any]:
        """The transports of all connections."""
        return [each.transport for each in self._connections if each.transport is not None]

    def newest(self, most: int) -> list[IrcConnection]:
        """The newest connections, at most so many."""
        return list(islice(reversed(self._connections), most))

    def numbers(self) -> tuple[int, IrcNumbers]:
        """Returns how many connections there are, and what was counted."""
        return len(self._connections), self._door.numbers

    def stop(self) -> "Deferred[None]":
        """Say goodbye, and make no more connections; fires when all are closed. Cancel it to drop them."""
        if not self._connections:
            self._stopped = succeed(None)
            return self._stopped
        stopped: Deferred[None] = Deferred(lambda _: self._abort())
        self._stopped = stopped
        returns = spread_returns(len(self._connections))
        for each in tuple(self._connections):
            each.end(f"{TEXTS['stopping']}, come back in {ceil(returns())} s")
        return stopped

    def close_some(self, share: float) -> None:
        """Close this share (0 to 1) of the connections, whose clients may come back at once, to another process."""
        connections = tuple(self._connections)
        for each in connections[: ceil(share * len(connections))]:
            each.end(TEXTS["stopping"])

    def _abort(self) -> None:
        for each in tuple(self._connections):
            each.abort()

    def _refusal(self, address: str) -> str:
        if self._stopped is not None:
            return "stopping"
        if len(self._connections) >= self._door.settings.max_connections:
            return "connections"
        # Everybody behind a Unix socket has no address.
        if address and self._by_address[address] >= self._door.settings.max_per_address:
            return "address"
        return ""

    def _left(self, connection: IrcConnection) -> None:
        address = self._connections.pop(connection, "")
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
        if self._stopped is not None and not self._connections and not self._stopped.called:
            self._stopped.callback(None)
