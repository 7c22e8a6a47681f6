"""For how long nothing was heard of the requests that run in a child."""

from collections.abc import Mapping
from itertools import islice
from typing import Protocol

from twisted.internet.interfaces import IReactorTime

__all__ = ["CallSilence", "HeardCall"]


class HeardCall(Protocol):
    """What is needed of a request."""

    @property
    def name(self) -> str:
        """The request for logs, such as GET /."""

    @property
    def heard(self) -> int:
        """How often something was heard of it, which is counted."""

    @property
    def is_paused(self) -> bool:
        """Whether its response waits for its client."""


class CallSilence:
    """Compares what was heard now and the last time, so that a request costs nothing. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # By the id of a request: since when it is silent, and how often something was heard of it before.
        self._known: dict[int, tuple[float, int]] = {}

    def longer_than(self, seconds: float, threads: int, running: Mapping[int, HeardCall]) -> list[str]:
        """Returns the names of those of which nothing was heard for so long, though their client waits.

        running: by id, in the order in which the child gets them; those behind the number of its threads wait for one,
        and have not begun. Called several times in the given time.
        """
        now = self._clock.seconds()
        before, self._known = self._known, {}
        for id in islice(running, threads):
            call = running[id]
            since, heard = before.get(id, (now, call.heard))
            if call.heard != heard or call.is_paused:
                since = now
            self._known[id] = since, call.heard
        return [running[id].name for id, (since, _) in self._known.items() if now - since >= seconds]
