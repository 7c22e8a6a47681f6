"""The server's end of one connection, which does what the test says."""

import json
from collections import deque
from typing import Any, Final

from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from mixsvc.client.testing.server import Message

__all__ = ["ScriptedConnection", "accept", "accepted", "refuse", "refused"]

LOST: Final = Failure(ConnectionDone())


class ScriptedConnection:
    """The server's end of one WebSocket connection (RFC 6455): it sends what the test says, and notes what it gets."""

    def __init__(self, protocol: Any) -> None:
        """protocol: the client's, not connected yet."""
        self._codec = ServerProtocol()
        self._transport = _Transport(protocol)
        self._protocol = protocol
        self._frames: deque[Frame] = deque()
        protocol.makeConnection(self._transport)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._transport.is_lost

    @property
    def is_over(self) -> bool:
        """Whether the connection is gone or the client has closed it."""
        return self.is_lost or self._codec.close_rcvd is not None or self._transport.disconnecting

    @property
    def is_paused(self) -> bool:
        """Whether the client has stopped reading."""
        return self._transport.producerState == "paused"

    @property
    def close_code(self) -> int | None:
        """The code in the client's close frame; None when it has sent none."""
        return None if self._codec.close_rcvd is None else self._codec.close_rcvd.code

    def sent_bytes(self) -> bytes:
        """The bytes that the client sent and `read` has not taken, such as its upgrade request."""
        return bytes(self._transport.value())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes of the test's own, such as an answer to the upgrade."""
        self._protocol.dataReceived(data)

    def set_writable(self, is_writable: bool) -> None:
        """Tell the client's protocol that its peer reads, or has stopped reading."""
        producer = self._transport.producer
        if producer is not None:
            (producer.resumeProducing if is_writable else producer.pauseProducing)()

    def read(self) -> None:
        """Take what the client sent: accept the upgrade, answer pings and a close frame, keep its messages."""
        self._codec.receive_data(self._transport.value())
        self._transport.clear()
        for event in self._codec.events_received():
            if isinstance(event, Request):
                self._codec.send_response(self._codec.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._frames.append(event)
        self._write()

    def requests(self) -> list[Message]:
        """The messages that the client has sent since the last call, as `json.loads` reads them."""
        self.read()
        frames, self._frames = self._frames, deque()
        return [json.loads(bytes(frame.data)) for frame in frames]

    def send(self, **fields: object) -> None:
        """Send a message of the protocol."""
        self.send_text(json.dumps(fields))

    def send_text(self, text: str) -> None:
        """Send a text message, valid or not."""
        self._codec.send_text(text.encode())
        self._write()

    def welcome(self, name: str = "Ann") -> None:
        """Accept the upgrade and the client's `hello`."""
        self.read()
        self.requests()
        self.send(type="welcome", name=name, max_text=2000)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, read the client's, and end the connection."""
        self._codec.send_close(code, reason)
        self._write()
        self.read()
        self.lose()

    def lose(self) -> None:
        """Break the connection. A second call does nothing."""
        self._transport.abortConnection()

    def _write(self) -> None:
        for data in self._codec.data_to_send():
            if data and not self.is_lost:
                self._protocol.dataReceived(data)


class _Transport(StringTransport):
    """A transport that calls the protocol's connectionLost at once when it is aborted."""

    def __init__(self, protocol: Any) -> None:
        StringTransport.__init__(self)
        self.is_lost = False
        self._protocol = protocol

    def abortConnection(self) -> None:
        if not self.is_lost:
            self.is_lost = self.aborting = True
            self._protocol.connectionLost(LOST)


def accept(reactor: MemoryReactorClock) -> ScriptedConnection:
    """Let the client's last attempt to connect succeed. AssertionError when there is none."""
    return accepted(_last_attempt(reactor))


def refuse(reactor: MemoryReactorClock) -> None:
    """Let the client's last attempt to connect fail. AssertionError when there is none."""
    refused(_last_attempt(reactor))
    # The endpoint looks every 0.3 s whether the host has a further address (RFC 8305), before it gives up.
    reactor.advance(0.3)


def accepted(factory: Any) -> ScriptedConnection:
    """Connect the protocol that a client's factory makes."""
    return ScriptedConnection(factory.buildProtocol(None))


def refused(factory: Any) -> None:
    """Tell a client's factory that the port is closed."""
    nobody: Any = None
    factory.clientConnectionFailed(nobody, Failure(ConnectionRefusedError("refused")))


def _last_attempt(reactor: MemoryReactorClock) -> Any:
    assert reactor.tcpClients, "no client is connecting"
    reactor.connectors.pop()
    return reactor.tcpClients.pop()[2]
