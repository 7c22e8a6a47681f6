"""A transport and a producer that record what is done with them."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from websockets.frames import Opcode

from txsockjs._protocol.frames import Framing, Message
from txsockjs._protocol.options import make_options
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session
from txsockjs._session.transport import SockJSTransport
from txsockjs.testing._clock import TurnClock

__all__ = ["RecordingProducer", "RecordingTransport"]

ADDRESSES: Final = (IPv4Address("TCP", "192.0.2.1", 54321), IPv4Address("TCP", "192.0.2.2", 80))


class RecordingTransport(SockJSTransport):
    """A SockJSTransport for the test of one protocol: its client is this object.

    It does what the transport of a raw WebSocket does, limits included; `request` is None.
    """

    def __init__(self, protocol: IProtocol, options: Mapping[str, object] | None = None) -> None:
        """Connect the protocol: its makeConnection is called. options: as for SockJSResource. Raises BadOption."""
        self._clock = TurnClock()
        self._given = protocol
        self._client = _Client()
        self._registry = Registry(self._clock, make_options(options))
        self._registry.make(str(ADDRESSES[0].host), self._connect).attach(self._client)

    def _connect(self, session: Session) -> "RecordingTransport":
        # A transport needs its session, and the registry makes the session first.
        factory = _GivenProtocol(self._given)
        SockJSTransport.__init__(self, session, factory, self._registry.options.encoding, ADDRESSES, None)
        self._client.session = session
        return self

    @property
    def messages(self) -> list[str | bytes]:
        """What the protocol has sent, in order: text, or the bytes of a binary message."""
        self._clock.advance(0)
        return list(self._client.messages)

    @property
    def closed_with(self) -> tuple[int, str] | None:
        """The code and the reason with which the session was closed; None while it is open."""
        self._clock.advance(0)
        return self._client.closed_with

    @property
    def is_aborted(self) -> bool:
        """Whether the connection was dropped without a close."""
        self._clock.advance(0)
        return self._client.is_aborted

    def deliver(self, *messages: str | bytes) -> None:
        """Let the client send these messages, text or binary: the protocol's dataReceived gets each."""
        self.session.receive(messages)
        self._clock.advance(0)

    def stop_reading(self) -> None:
        """Let the client lag behind: what the protocol sends from now on waits, and its producer is paused."""
        self._client.ready = False
        self._clock.advance(0)
        self.session.flush()

    def read_again(self) -> None:
        """Let the client catch up: what has waited is sent, and the producer is resumed."""
        self._clock.advance(0)
        self._client.ready = True
        self.session.flush()

    def lose(self) -> None:
        """Let the client go away: the protocol's connectionLost gets ConnectionLost."""
        self.session.lose(self._client, Failure(ConnectionLost("The client is gone")))


class _GivenProtocol(Factory):
    """Builds the protocol that it was given."""

    def __init__(self, protocol: IProtocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> IProtocol:  # type: ignore[override]  # Twisted wants its own class
        """The protocol."""
        return self._protocol


class _Client:
    """The receiver of the session: keeps messages."""

    session: Session

    def __init__(self) -> None:
        self.framing = MEMORY
        self.connection = None
        self.writer = self
        self.ready = True
        self.acknowledged = 0
        self.messages: list[str | bytes] = []
        self.closed_with: tuple[int, str] | None = None
        self.is_aborted = False

    def send(self, data: bytes) -> None:
        """Frames without messages are not recorded."""

    def write(self, data: bytes) -> None:
        """Keep messages."""
        self.acknowledged += len(data)
        self.messages += [_decode(line) for line in data.splitlines()]

    def heartbeat(self) -> None:
        """No heartbeats are sent: the clock stands still."""

    def check(self) -> None:
        """The client is there."""

    def pause(self) -> None:
        """The session keeps what is delivered meanwhile."""

    def resume(self) -> None:
        """Nothing was stopped."""

    def end(self, code: int, reason: str) -> None:
        """Keep why the session ended."""
        self.closed_with = (code, reason)
        self.session.detach(self)

    def abort(self) -> None:
        """Keep that the connection was dropped."""
        self.is_aborted = True


def _encode(messages: Iterable[Message]) -> bytes:
    """A line for each message: JSON text, or b and hexadecimal digits for a binary message."""
    lines = [b"b" + each.payload.hex().encode() if each.opcode is Opcode.BINARY else each.json for each in messages]
    return b"".join(line + b"\n" for line in lines)


def _decode(line: bytes) -> str | bytes:
    if line.startswith(b"b"):
        return bytes.fromhex(line[1:].decode())
    return str(json.loads(line))


MEMORY: Final = Framing("memory", lambda frame: b"", _encode)


class RecordingProducer:
    """A push or pull producer. calls: "pause", "resume" and "stop", in the order in which it was asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        """Record "pause"."""
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        """Record "resume"."""
        self.calls.append("resume")

    def stopProducing(self) -> None:
        """Record "stop"."""
        self.calls.append("stop")
