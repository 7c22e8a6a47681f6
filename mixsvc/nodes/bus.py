"""Tells the other nodes hints by NOTIFY, and gives those that are heard to who listens for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.histogram import SECONDS, Histogram
from mixsvc.nodes import statements
from mixsvc.nodes.hints import Hint, Published, Said, read_hint, write_hint
from mixsvc.nodes.interfaces import H
from mixsvc.nodes.statements import Run

__all__ = ["SharedBus"]

# The time after a hint in which no other is told, in seconds, and the least of it for each node: a notification wakes
# every node, so of many each tells less often.
PAUSE: Final = 0.005
PAUSE_PER_NODE: Final = 0.001

# How long after a failure the newest numbers of rooms are told again, in seconds.
AGAIN: Final = 1.0


class SharedBus:
    """Implements Bus. Reactor thread.

    Hints are told after the commit of what they are about, in statements of their own: NOTIFY within a transaction
    takes a lock that all of the server's transactions with NOTIFY share.

    seconds: how long what this node tells takes to come back to it, and so to the others.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, run: Run, node: Callable[[], int], size: Callable[[], int]) -> None:
        """node: returns the number of this node. size: returns how many nodes there are."""
        self._clock = clock
        self._run = run
        self._node = node
        self._size = size
        self._listeners: dict[type[Any], Callable[[Any], object]] = {}
        # The newest numbers that wait to be told, of rooms and of topics.
        self._lasts: dict[type[Said | Published], dict[str, int]] = {Said: {}, Published: {}}
        self._waiting: list[Hint] = []
        # Those of rooms that could not be told, and whether nobody will be told any more.
        self._untold: dict[str, int] = {}
        self._is_ending = False
        # Whether the end of the turn is awaited, a statement runs, or the pause after it.
        self._is_busy = False
        # When this node heard itself last, and since when it waits to hear itself.
        self.heard_at: float | None = None
        self._told_at: float | None = None
        self.seconds = Histogram(SECONDS)

    def tell(self, hint: Hint) -> None:
        if isinstance(hint, Said | Published):
            _take_newest(self._lasts[type(hint)], hint.lasts)
        else:
            self._waiting.append(hint)
        if not self._is_busy:
            # Together with all that is told in this turn, such as the other messages of a transaction: what is not told
            # with the first hint waits for its statement and for the pause, and is read elsewhere by a second one.
            self._is_busy = True
            self._clock.callLater(0, self._go_on)

    def flush(self) -> None:
        """Tell what waits at once, as this node stops."""
        self._is_ending = True
        self._tell_again()
        self._tell()

    def listen(self, kind: type[H], heard: Callable[[H], object]) -> None:
        self._listeners[kind] = heard

    def deliver(self, hint: Hint) -> None:
        """Give a hint to who listens for its kind: one that was heard, or that this node made itself."""
        heard = self._listeners.get(type(hint))
        if heard is None:
            return
        try:
            heard(hint)
        except Exception:
            self._log.failure("nodes: a hint was not followed")

    def heard(self, text: str) -> None:
        """A notification was heard."""
        found = read_hint(text)
        if found is None:
            return
        node, hint = found
        if node == self._node():
            self._heard_itself()
        else:
            self.deliver(hint)

    def _heard_itself(self) -> None:
        self.heard_at = self._clock.seconds()
        if self._told_at is not None:
            self.seconds.observe(self.heard_at - self._told_at)
            self._told_at = None

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for kind, lasts in self._lasts.items():
            if lasts:
                waiting.append(kind(lasts))
                self._lasts[kind] = {}
        if not waiting:
            return
        self._is_busy = True
        self._told_at = self._clock.seconds()
        texts = [text for hint in waiting for text in write_hint(self._node(), hint)]
        told = self._run(statements.notify, texts).addErrback(self._not_told, waiting)
        told.addCallback(self._told)

    def _not_told(self, failure: Failure, hints: Sequence[Hint]) -> None:
        """Rooms that nobody is in elsewhere are told again. All else is found by everybody's next heartbeat."""
        if self._is_ending:
            return
        had_none = not self._untold
        for hint in hints:
            if isinstance(hint, Said):
                _take_newest(self._untold, hint.lasts)
        if had_none and self._untold:
            self._clock.callLater(AGAIN, self._tell_again)

    def _tell_again(self) -> None:
        untold, self._untold = self._untold, {}
        if untold:
            self.tell(Said(untold))

    def _told(self, _: object) -> None:
        self._clock.callLater(max(PAUSE, PAUSE_PER_NODE * self._size()), self._go_on)

    def _go_on(self) -> None:
        self._is_busy = False
        self._tell()


def _take_newest(lasts: dict[str, int], news: Mapping[str, int]) -> None:
    for name, last in news.items():
        lasts[name] = max(last, lasts.get(name, 0))
