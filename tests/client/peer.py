"""A WebSocket server in memory for a client under test: the websockets library on a string transport."""

import json
from typing import Any

from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

__all__ = ["Peer", "accept", "refuse"]

LOST = Failure(ConnectionDone())


class Transport(StringTransport):
    """Ends the connection at once when told to abort it."""

    protocol: Any = None

    def abortConnection(self) -> None:
        self.aborting = True
        protocol, self.protocol = self.protocol, None
        if protocol is not None:
            protocol.connectionLost(LOST)


class Peer:
    """The server's end of one connection."""

    def __init__(self, protocol: Any) -> None:
        self.codec = ServerProtocol()
        self.transport = Transport()
        self.transport.protocol = self.protocol = protocol
        self.frames: list[Frame] = []
        protocol.makeConnection(self.transport)

    @property
    def is_lost(self) -> bool:
        return self.transport.protocol is None

    def read(self) -> None:
        """Take what the client sent; an upgrade is accepted."""
        self.codec.receive_data(self.transport.value())
        self.transport.clear()
        for event in self.codec.events_received():
            if isinstance(event, Request):
                self.codec.send_response(self.codec.accept(event))
            else:
                assert isinstance(event, Frame)
                self.frames.append(event)
        self._write()

    def asked(self) -> list[dict[str, Any]]:
        """The messages the client sent since it was asked last."""
        self.read()
        frames, self.frames = self.frames, []
        return [json.loads(bytes(frame.data)) for frame in frames if frame.opcode is Opcode.TEXT]

    def send(self, **fields: object) -> None:
        self.send_text(json.dumps(fields))

    def send_text(self, text: str) -> None:
        self.codec.send_text(text.encode())
        self._write()

    def pong(self) -> None:
        """Answer pings, and nothing else."""
        self.read()

    def close(self, code: int, reason: str) -> None:
        """Close frame, its answer, end of the connection."""
        self.codec.send_close(code, reason)
        self._write()
        self.read()
        self.lose()

    def lose(self) -> None:
        """The connection breaks."""
        if not self.is_lost:
            self.transport.protocol = None
            self.protocol.connectionLost(LOST)

    def welcome(self) -> None:
        """Upgrade, and let the client in."""
        self.read()
        self.asked()
        self.send(type="welcome", name="Ann", max_text=2000)

    def _write(self) -> None:
        for data in self.codec.data_to_send():
            if data and not self.is_lost:
                self.protocol.dataReceived(data)


def accept(reactor: MemoryReactorClock) -> Peer:
    """The client's attempt to connect succeeds."""
    *_, factory, _, _ = reactor.tcpClients.pop()
    return Peer(factory.buildProtocol(None))


def refuse(reactor: MemoryReactorClock) -> None:
    """The client's attempt to connect fails."""
    *_, factory, _, _ = reactor.tcpClients.pop()
    nobody: Any = None
    factory.clientConnectionFailed(nobody, Failure(ConnectionRefusedError("refused")))
    # By then the endpoint has found that the host has no further address.
    reactor.advance(0.3)
