"""What comes by the socket of the operators: one question for each connection, as a line of JSON, and its answer.

    {"action": "say", "arguments": ["lobby", "hello"]}
    {"ok": true, "text": "said in lobby, as message 7"}
    {"ok": false, "error": "there is no room loby"}

The answers of what only shows something have it as `data`. The line ends with a newline, or with the end of what the
client sends. Used in the reactor thread.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IReactorTime
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as Connection
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.common.text import decode_utf8, parse_json, without_surrogates
from mixsvc.errors import MixError

__all__ = ["ControlChannel", "ControlConnection"]

# Bytes of a question; connections at one time; seconds until a question must have come, and until its answer must have
# been read.
LONGEST_QUESTION: Final = 65_536
MOST_CONNECTIONS: Final = 16
QUESTION_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 10.0

QUESTION: Final = 'give one line such as {"action": "say", "arguments": ["lobby", "hello"]}'


class AnsweringDesk(Protocol):
    """Answers questions."""

    def seconds(self, name: str, /) -> float:
        """How long the answer to a question of this name may take."""

    def answer(self, name: str, words: Sequence[str], /) -> "Deferred[Mapping[str, Any]]":
        """Fires with the fields of the answer. Fails with MixError, whose text is for the operator."""


class ControlChannel(Factory):
    """Makes the connections. connections: those that are open."""

    noisy = False

    def __init__(self, clock: IReactorTime, desk: AnsweringDesk) -> None:
        self.clock = clock
        self.desk = desk
        self.connections: set[ControlConnection] = set()

    def buildProtocol(self, addr: object) -> "ControlConnection":
        """Returns the protocol of a connection."""
        return ControlConnection(self)

    def why_not(self) -> str:
        """Why one more connection is refused; "" if it may come."""
        return "too many ask at the same time; try again" if len(self.connections) >= MOST_CONNECTIONS else ""


@implementer(IHalfCloseableProtocol)
class ControlConnection(Connection):
    """Takes one question, answers it, and ends."""

    _log = Logger()

    def __init__(self, channel: ControlChannel) -> None:
        self._channel = channel
        self._received = b""
        self._is_asked = False
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Wait for the question."""
        reason = self._channel.why_not()
        self._channel.connections.add(self)
        if reason:
            self._refuse(reason)
        else:
            late = f"no question has come within {QUESTION_SECONDS:g} s; {QUESTION}"
            self._deadline = self._channel.clock.callLater(QUESTION_SECONDS, self._refuse, late)

    def dataReceived(self, data: bytes) -> None:
        """Take a part of the question. What comes behind it is ignored."""
        if self._is_asked:
            return
        self._received += data[: LONGEST_QUESTION + 1 - len(self._received)]
        line, newline, _ = self._received.partition(b"\n")
        if len(line) > LONGEST_QUESTION:
            self._refuse(f"a question has at most {LONGEST_QUESTION} bytes")
        elif newline:
            self._ask(line)

    def readConnectionLost(self) -> None:
        """The client sends no more: what it has sent is the question."""
        if not self._is_asked:
            self._ask(self._received)

    def writeConnectionLost(self) -> None:
        """See IHalfCloseableProtocol; only this side closes its end so."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The client has left; what it has asked for is done all the same."""
        self._is_asked = True
        self._channel.connections.discard(self)
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()

    def _ask(self, line: bytes) -> None:
        self._is_asked = True
        try:
            name, words = _question(line)
        except ValueError:
            self._send({"ok": False, "error": QUESTION})
            return
        desk = self._channel.desk
        self._expect(0)
        answer = desk.answer(name, words).addTimeout(desk.seconds(name), self._channel.clock, _late)
        answer.addCallbacks(lambda fields: {"ok": True, **fields}, self._failed).addCallback(self._send)

    def _refuse(self, reason: str) -> None:
        self._is_asked = True
        self._send({"ok": False, "error": reason})

    def _failed(self, failure: Failure) -> Mapping[str, Any]:
        if failure.check(MixError):
            return {"ok": False, "error": str(failure.value)}
        self._log.failure("mixsvc: what an operator asked for failed", failure)
        return {"ok": False, "error": "it failed; the log says why"}

    def _send(self, fields: Mapping[str, Any]) -> None:
        transport: Any = self.transport
        if self not in self._channel.connections:
            return
        transport.write(json.dumps(fields).encode() + b"\n")
        transport.loseConnection()
        self._expect(ANSWER_SECONDS)

    def _expect(self, seconds: float) -> None:
        """Drop the connection if nothing happens for so long; 0: wait without a limit."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        transport: Any = self.transport
        self._deadline = self._channel.clock.callLater(seconds, transport.abortConnection) if seconds else None


def _question(line: bytes) -> tuple[str, Sequence[str]]:
    """The name of a question and its words. Raises ValueError."""
    try:
        found = parse_json(decode_utf8(line))
    except RecursionError:
        raise ValueError("too many brackets") from None
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    name, words = found.get("action"), found.get("arguments", [])
    if not isinstance(name, str) or not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        raise ValueError("it has no action, or other arguments than texts")
    return without_surrogates(name), [without_surrogates(each) for each in words]


def _late(result: object, seconds: float) -> object:
    raise MixError(f"there was no answer within {seconds:g} s; it may still be done")
