"""The threads of one process for socket views: who runs, who waits for a moment, and who is refused."""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["AT_ONCE", "DECISION_SECONDS", "Handshake", "SocketAdmission"]

# So many handshakes are with their views at one time; others wait, so that a thousand that come together are answered
# one after the other.
AT_ONCE: Final = 10

# A view that has neither taken its socket nor responded for so long does not hold up others any more.
DECISION_SECONDS: Final = 0.5


class Handshake(Protocol):
    """A client whose view wants a thread."""

    def begin(self) -> None:
        """Run the view."""

    def refuse_full(self) -> None:
        """There is no thread for it."""


Asking = TypeVar("Asking", bound=Handshake)


class SocketAdmission(Generic[Asking]):
    """Decides for each handshake when its view runs. Reactor thread.

    A view is undecided at first, and lasts as soon as it has taken its socket, or has done nothing for a while. While
    all threads have views that last, others are refused; while some are undecided, or there are no threads yet, others
    wait.
    """

    def __init__(self, clock: IReactorTime, most: Callable[[], int]) -> None:
        """most: how many threads there may be now. Whoever changes that calls `go_on`."""
        self._clock = clock
        self._most = most
        self._waiting: deque[Asking] = deque()
        self._undecided: dict[Asking, IDelayedCall] = {}
        self._lasting: set[Asking] = set()
        self._is_going_on = False

    @property
    def running(self) -> int:
        """How many threads there are."""
        return len(self._undecided) + len(self._lasting)

    def submit(self, handshake: Asking) -> None:
        """Run its view now or soon, or refuse it."""
        self._waiting.append(handshake)
        self.go_on()

    def withdraw(self, handshake: Asking) -> None:
        """Its client has left; does nothing if it does not wait."""
        if handshake in self._waiting:
            self._waiting.remove(handshake)

    def lasts(self, handshake: Asking) -> None:
        """Its view has taken the socket, or takes long."""
        timer = self._undecided.pop(handshake, None)
        if timer is None:
            return
        if timer.active():
            timer.cancel()
        self._lasting.add(handshake)
        self.go_on()

    def ended(self, handshake: Asking) -> None:
        """The thread of its view is free."""
        timer = self._undecided.pop(handshake, None)
        if timer is not None and timer.active():
            timer.cancel()
        self._lasting.discard(handshake)
        self.go_on()

    def refuse_waiting(self, refuse: Callable[[Asking], object]) -> None:
        """Refuse all that wait in this way."""
        waiting, self._waiting = self._waiting, deque()
        for handshake in waiting:
            refuse(handshake)

    def go_on(self) -> None:
        """Run the views that can run now; refuse those that cannot."""
        # A view that cannot begin ends at once and calls this again; a thousand such calls in each other are too many.
        if self._is_going_on:
            return
        self._is_going_on = True
        try:
            while self._begin_next():
                pass
        finally:
            self._is_going_on = False

    def _begin_next(self) -> bool:
        """Run the next view, if it can run. Returns whether there may be another one."""
        most = self._most()
        if 0 < most <= len(self._lasting):
            self.refuse_waiting(lambda handshake: handshake.refuse_full())
        if not self._waiting or len(self._undecided) >= AT_ONCE or self.running >= most:
            return False
        handshake = self._waiting.popleft()
        self._undecided[handshake] = self._clock.callLater(DECISION_SECONDS, self.lasts, handshake)
        handshake.begin()
        return True
