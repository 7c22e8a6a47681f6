"""The neighbours of a session: its scheduler and observer, a receiver, an application."""

from collections.abc import Callable, Iterable

from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txsockjs._protocol.frames import XHR, Framing, Message
from txsockjs._session.batch import LastBroadcast
from txsockjs._session.session import Session

__all__ = ["LOST", "FakeApplication", "FakeReceiver", "FakeScheduler", "SessionCase"]


LOST = Failure(ConnectionLost("gone"))


class FakeScheduler:
    """Both scheduler and observer. `end` ends the turn; calls: what it heard as the observer."""

    def __init__(self) -> None:
        self.last_broadcast: LastBroadcast | None = None
        self.now = 0.0
        self.frame_messages = 512
        self.dirty: list[Session] = []
        self.waiting: list[Session] = []
        self.calls: list[str] = []

    def flush_later(self, session: Session) -> None:
        self.dirty.append(session)

    def flush_all_later(self, sessions: Iterable[Session]) -> None:
        self.dirty += sessions

    def deliver_later(self, session: Session) -> None:
        self.waiting.append(session)

    def end(self) -> None:
        waiting, self.waiting = self.waiting, []
        for session in waiting:
            session.deliver()
        dirty, self.dirty = self.dirty, []
        self.last_broadcast = None
        for session in dirty:
            session.flush()

    def attached(self, session: Session) -> None:
        self.calls.append("attached")

    def detached(self, session: Session) -> None:
        self.calls.append("detached")

    def overflowed(self, session: Session) -> None:
        self.calls.append("overflowed")

    def ended(self, session: Session) -> None:
        self.calls.append("ended")


class FakeReceiver:
    """Records the frames that it is sent; ends after so many frames."""

    framing: Framing = XHR

    def __init__(self, session: Session, frames: int = 1_000_000) -> None:
        self.ready = True
        self.connection = None
        self.writer = self
        self.acknowledged = 0
        self.sent: list[bytes] = []
        self.checks = 0
        self.ended: list[tuple[int, str]] = []
        self.is_aborted = False
        self.is_paused = False
        self._session = session
        self._left = frames

    def send(self, data: bytes) -> None:
        self.write(data)

    def write(self, data: bytes) -> None:
        self.sent.append(data.rstrip(b"\n"))
        self._left -= 1
        if self._left == 0:
            self._session.detach(self)

    def heartbeat(self) -> None:
        self.send(b"h")

    def check(self) -> None:
        self.checks += 1

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def end(self, code: int, reason: str) -> None:
        self.ended.append((code, reason))
        self._session.detach(self)

    def abort(self) -> None:
        self.is_aborted = True


class FakeApplication:
    """Records what it is told, and calls `then`."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.reasons: list[Failure] = []
        self.opened_times = 0
        self.then: Callable[[], None] = lambda: None

    def opened(self) -> None:
        self.opened_times += 1
        self.then()

    def received(self, message: str | bytes) -> None:
        self.messages.append(message)
        self.then()

    def lost(self, reason: Failure) -> None:
        self.reasons.append(reason)
        self.then()


class SessionCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.scheduler = FakeScheduler()
        self.session = Session(b"s", self.scheduler, self.scheduler, outbox_limit=100)
        self.app = self.session.application = FakeApplication()

    def attach(self, frames: int = 1_000_000) -> FakeReceiver:
        receiver = FakeReceiver(self.session, frames)
        self.session.attach(receiver)
        return receiver

    def post(self, *texts: str) -> None:
        for text in texts:
            self.session.post(Message(text))

    def say(self, *texts: str) -> None:
        self.post(*texts)
        self.scheduler.end()
