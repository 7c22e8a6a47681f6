"""Names that belong to one person on all nodes: claims and releases in groups, those of a name in their order."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Final, NoReturn, TypeAlias

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from mixsvc.errors import ServiceBusy
from mixsvc.nodes import statements
from mixsvc.nodes.interfaces import Claimant, Holder
from mixsvc.nodes.statements import Release, Run

__all__ = ["SharedClaims"]

# How many names one statement takes, how many may wait, and how long after a failure it goes on, in seconds.
AT_ONCE: Final = 200
MOST_WAITING: Final = 10_000
PAUSE: Final = 1.0

Asked: TypeAlias = "tuple[Claimant | Release, Deferred[str | None] | None]"


class SharedClaims:
    """Implements Claims. Reactor thread."""

    def __init__(self, clock: IReactorTime, run: Run, node: Callable[[], int]) -> None:
        """node: returns the number of this node, 0 while it has none."""
        self._clock = clock
        self._run = run
        self._node = node
        self._waiting: deque[Asked] = deque()
        self._is_busy = False
        self._held: set[str] = set()
        # The number of the newest statement.
        self._number = 0

    def claim(self, wanted: Claimant) -> "Deferred[str | None]":
        if len(self._waiting) >= MOST_WAITING:
            return fail(ServiceBusy("too many names are asked for; try again a little later"))
        answer: Deferred[str | None] = Deferred()
        self._waiting.append((wanted, answer))
        self._next()
        return answer

    def release(self, key: str) -> None:
        if key in self._held:
            self._held.discard(key)
            self._waiting.append((Release(key), None))
            self._next()

    def holder(self, key: str) -> "Deferred[Holder | None]":
        return self._run(statements.holder, self._node(), key).addErrback(_busy)

    def shared(self, addresses: Collection[str], person: str) -> "Deferred[Collection[str]]":
        return self._run(statements.shared, self._node(), addresses, person).addErrback(_busy)

    def taken(self, keys: Collection[str], person: str) -> "Deferred[Collection[str]]":
        return self._run(statements.taken, keys, person).addErrback(_busy)

    def clear(self) -> None:
        """This node begins anew: it has no names; who waits for one is refused."""
        self._held.clear()
        waiting, self._waiting = self._waiting, deque()
        _refuse(waiting)

    def _next(self) -> None:
        if self._is_busy or not self._waiting:
            return
        self._is_busy = True
        taken = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        node = self._node()
        self._number += 1
        answered = self._run(statements.claim, node, self._number, [asked for asked, _ in taken])
        answered.addCallbacks(self._answered, self._failed, (taken, node), errbackArgs=(taken,))

    def _answered(self, names: Sequence[str | None] | None, taken: Sequence[Asked], node: int) -> None:
        self._is_busy = False
        if names is None or node != self._node():
            # The node is given up; it learns it with its next heartbeat.
            _refuse(taken)
        else:
            self._give(names, taken)
        self._next()

    def _give(self, names: Sequence[str | None], taken: Sequence[Asked]) -> None:
        for (asked, _), name in zip(taken, names, strict=True):
            if isinstance(asked, Claimant) and name is not None:
                self._held.add(asked.key)
        for (_, answer), name in zip(taken, names, strict=True):
            if answer is not None:
                answer.callback(name)

    def _failed(self, failure: Failure, taken: Sequence[Asked]) -> None:
        # What the engine has done is not known: what nobody has here is given back, before anything else.
        keys = {asked.key: None for asked, _ in taken if asked.key not in self._held}
        self._waiting.extendleft((Release(key), None) for key in reversed(keys))
        _refuse(taken)
        self._clock.callLater(PAUSE, self._go_on)

    def _go_on(self) -> None:
        self._is_busy = False
        self._next()


def _refuse(taken: "Collection[Asked]") -> None:
    for _, answer in taken:
        if answer is not None:
            answer.errback(ServiceBusy("the names cannot be looked up now; try again a little later"))


def _busy(failure: Failure) -> NoReturn:
    raise ServiceBusy("the names cannot be looked up now; try again a little later") from failure.value
