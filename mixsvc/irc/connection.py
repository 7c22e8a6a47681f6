"""One connection of an IRC client: bytes become lines, at a pace that costs the others nothing; and its deadlines."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from twisted.internet.interfaces import IAddress, IDelayedCall, IHalfCloseableProtocol, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mixsvc.common.addresses import is_loopback, peer_network
from mixsvc.common.token_bucket import Pace, TokenBucket
from mixsvc.irc.clients.door import IrcDoor
from mixsvc.irc.clients.outbox import IrcOutbox
from mixsvc.irc.clients.turns import CLIENT_SECONDS
from mixsvc.irc.grammar.line_buffer import LineBuffer, TooLong
from mixsvc.irc.grammar.lines import BadLine, IrcLine, as_bytes, parse_line
from mixsvc.irc.session import IrcSession

__all__ = ["CLOSE_SECONDS", "IrcConnection"]

# How long the registration may take; how long a client may be silent before it is asked, and then until it answers;
# how long a client may take to close its end. In seconds.
REGISTER_SECONDS: Final = 20.0
SILENT_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 5.0

# Lines in the long run, and at once.
LINES: Final = Pace(20.0, 100)

# The commands that others hear of; for most the chat has limits of its own, and so has the door (IrcDoor.writing).
WRITING: Final = ("PRIVMSG", "NOTICE", "TOPIC", "REDACT", "AWAY", "SETNAME")

EMPTY: Final = IrcLine("")

ReceivedLine: TypeAlias = IrcLine | BadLine | TooLong


@implementer(IHalfCloseableProtocol)
class IrcConnection(Protocol):
    """Used in the reactor thread. Whoever sends too fast is read more slowly, and nothing of it is lost."""

    _log = Logger()

    def __init__(self, door: IrcDoor, leave: Callable[["IrcConnection"], None]) -> None:
        """leave: called when the connection is lost."""
        self._door = door
        self._leave = leave
        self._clock = door.given.clock
        self._buffer = LineBuffer()
        self._lines = TokenBucket(LINES)
        self._writes = TokenBucket(door.writing)
        # A line that came too fast, and the call for it; whether others have their turns; how many hold all lines.
        self._next: ReceivedLine | None = None
        self._turn: IDelayedCall | None = None
        self._is_waiting = False
        self._holds = 0
        self._is_reading = self._is_taking = False
        self._is_ended = False
        self._is_asked = False
        self.opened_at = self._heard_at = self._clock.seconds()
        self._deadline: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Wait for the registration."""
        transport: Any = self.transport
        self._outbox = IrcOutbox(transport, self._door.chat.max_outbox, self._too_slow)
        self._session = IrcSession(self._door, self)
        self._is_reading = True
        self._deadline = self._clock.callLater(REGISTER_SECONDS, self._check)

    @property
    def address(self) -> str:
        """As addresses.network returns it; "" for a Unix socket."""
        return peer_network(self.peer())

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read a password: over TLS, or from this machine."""
        host = getattr(self.peer(), "host", None)
        try:
            return self.is_secure or not isinstance(host, str) or is_loopback(host)
        except ValueError:
            return False

    @property
    def is_ended(self) -> bool:
        """Whether it is lost, or is being closed."""
        return self._is_ended

    @property
    def is_secure(self) -> bool:
        """Whether TLS is used."""
        return bool(ISSLTransport.providedBy(self.transport))

    def peer(self) -> IAddress:
        """The client's address."""
        transport: Any = self.transport
        found: IAddress = transport.getPeer()
        return found

    def host(self) -> IAddress:
        """The address of this end."""
        transport: Any = self.transport
        found: IAddress = transport.getHost()
        return found

    def dataReceived(self, data: bytes) -> None:
        """Take the lines that have come, as far as it is their turn."""
        if self._is_ended:
            return
        self._heard_at = self._clock.seconds()
        self._is_asked = False
        self._buffer.feed(data)
        self._go_on()

    def readConnectionLost(self) -> None:
        """The client sends no more, as a script at its end. What it has sent is done first."""
        if not self._is_ended:
            self._session.leave("Connection closed")

    def writeConnectionLost(self) -> None:
        """See IHalfCloseableProtocol; this side closes both directions."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the client."""
        self._is_ended = True
        for each in (self._deadline, self._turn):
            if each is not None and each.active():
                each.cancel()
        self._door.turns.leave(self._turn_came)
        try:
            self._session.lost(reason)
        finally:
            self._leave(self)

    @property
    def name(self) -> str:
        """The client's name in the chat; "" before it has one."""
        return self._session.name

    @property
    def rooms(self) -> int:
        """In how many channels it is."""
        return self._session.rooms

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client."""
        return self._outbox.size

    @property
    def free(self) -> int:
        """See IrcOutbox."""
        return self._outbox.free

    def send(self, line: bytes, about: str = "") -> None:
        """Send a line; see IrcOutbox."""
        if not self._is_ended:
            self._outbox.write(line, about)

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """See IrcOutbox."""
        return self._outbox.discard(is_unwanted)

    def hold(self, is_held: bool) -> None:
        """Take no more lines until each hold has ended."""
        self._holds += 1 if is_held else -1
        self._go_on()

    def end(self, reason: str) -> None:
        """Say why, and close the connection; what waits for the client is lost. See finish."""
        if not self._is_ended:
            self._outbox.clear()
            self.finish(reason)

    def finish(self, reason: str) -> None:
        """Send what waits, say why, and close the connection. Of all calls of this and `end` only the first counts."""
        if self._is_ended:
            return
        self._is_ended = True
        if not self._is_reading:
            # TLS reads until the client's close_notify; what comes before that is discarded.
            transport: Any = self.transport
            transport.resumeProducing()
        self._outbox.finish(as_bytes("", "ERROR", (f"Closing link: {reason}",)))
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._hurry()

    def abort(self) -> None:
        """Close the connection at once."""
        transport: Any = self.transport
        transport.abortConnection()

    def _hurry(self) -> None:
        """Wait as long as the client reads; close the connection of one that does not."""
        self._deadline = self._clock.callLater(CLOSE_SECONDS, self._close, self.unsent)

    def _close(self, unsent: int) -> None:
        if self.unsent < unsent:
            self._hurry()
        else:
            self.abort()

    def _go_on(self) -> None:
        """Take lines until one has to wait, or until they have taken long."""
        if self._is_taking:
            return
        self._is_taking = True
        until = self._clock.seconds() + CLIENT_SECONDS
        try:
            while self._may_take() and not self._let_others(until) and self._take():
                pass
        except Exception:
            self._log.failure("irc: a line failed, its connection ends")
            self.end("Internal error")
        self._is_taking = False
        self._read_if(self._may_take())

    def _may_take(self) -> bool:
        return not self._holds and self._turn is None and not self._is_waiting and not self._is_ended

    def _let_others(self, until: float) -> bool:
        turns = self._door.turns
        if not turns.is_free or self._clock.seconds() >= until:
            self._is_waiting = True
            turns.wait(self._turn_came)
        return self._is_waiting

    def _take(self) -> bool:
        """Take one line; returns whether there was one."""
        line, self._next = self._next, None
        if line is None:
            line = self._cut()
            if line is None:
                return False
        if self._has_to_wait(line):
            self._next = line
        elif isinstance(line, TooLong):
            self._session.too_long()
        elif isinstance(line, BadLine):
            self._session.bad_line(line)
        elif line.command:
            self._session.line(line)
        return True

    def _cut(self) -> ReceivedLine | None:
        """The next line; None if it is not complete."""
        data = self._buffer.take()
        if data is None or isinstance(data, TooLong):
            return data
        try:
            return parse_line(data) or EMPTY
        except BadLine as bad:
            return bad

    def _has_to_wait(self, line: ReceivedLine) -> bool:
        """Whether it is not the turn of a line yet. Those that are empty or no lines have their turns, too."""
        now = self._clock.seconds()
        is_writing = isinstance(line, IrcLine) and line.command in WRITING
        wait = max(self._lines.wait(now), self._writes.wait(now) if is_writing else 0.0)
        if wait:
            self._turn = self._clock.callLater(wait, self._turn_came)
            return True
        self._lines.take(now)
        if is_writing:
            self._writes.take(now)
        return False

    def _turn_came(self) -> None:
        self._turn = None
        self._is_waiting = False
        self._go_on()

    def _read_if(self, wanted: bool) -> None:
        """Read from the socket while lines are taken: what waits takes no memory of ours."""
        if wanted != self._is_reading and not self._is_ended:
            self._is_reading = wanted
            transport: Any = self.transport
            if wanted:
                transport.resumeProducing()
            else:
                # It is no answer to be slowed down.
                self._is_asked = False
                transport.pauseProducing()

    def _check(self) -> None:
        """The time is over for the registration, or a client was silent for long."""
        now = self._clock.seconds()
        if not self._session.is_registered:
            self._door.numbers.refused["unregistered"] += 1
            self.end("Registration timed out")
            return
        if self._is_asked:
            self.end("Ping timeout")
            return
        if not self._is_reading:
            self._heard_at = now
        left = self._heard_at + SILENT_SECONDS - now
        if left <= 0:
            self._is_asked = True
            self.send(as_bytes(self._door.name, "PING", (self._door.name,)))
            left = ANSWER_SECONDS
        self._deadline = self._clock.callLater(left, self._check)

    def _too_slow(self) -> None:
        self._door.numbers.slow += not self._is_ended
        self.end("You read too slowly")
