"""What the service has one child do besides requests: what the application has registered there. Reactor thread."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime

from mixsvc.common.answers import decode
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces.hooks import MESSAGE
from mixsvc.wsgi.children.frames import FrameType, encode_frame, new_ids
from mixsvc.wsgi.children.run_threads import LOGIN
from mixsvc.wsgi.supervision.interfaces import ProcessEnded

__all__ = ["ChildRuns"]

# So many may be in work in one child, and their arguments may have so many bytes.
MAX_RUNS: Final = 256
MAX_ARGUMENTS: Final = 2**20


class ChildRuns:
    """The runs that one child has not answered yet, also those that nobody waits for any more."""

    def __init__(self, clock: IReactorTime, send: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._send = send
        self._ids = new_ids()
        # By id: those that somebody waits for; and the names of all whose thread is not free, with their beginning.
        self._waiting: dict[int, Deferred[Any]] = {}
        self._running: dict[int, tuple[str, float]] = {}

    @property
    def waiting(self) -> int:
        """How many somebody waits for."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many have a thread, or wait for one."""
        return len(self._running)

    def silent(self, seconds: float) -> Sequence[str]:
        """What those call that run for so long, each name once; the oldest ones first."""
        before = self._clock.seconds() - seconds
        # Those of the authenticator wait for a thread before they run; once they are given up they run, or are over.
        names = [
            name
            for id, (name, since) in self._running.items()
            if since <= before and not (name.startswith(LOGIN) and id in self._waiting)
        ]
        return list(dict.fromkeys(_shown(name) for name in names))

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """Call what is registered under a name, with arguments that JSON can hold; fires with its result.

        Fails with its exception (mixsvc.common.answers), with ServiceBusy if too many are in work, with ValueError if
        the arguments are too long, and with ProcessEnded. Cancelling it gives it up: it may or may not run.
        """
        if len(self._running) >= MAX_RUNS:
            return fail(ServiceBusy("too much waits for this process; try again"))
        payload = json.dumps([name, list(arguments)]).encode()
        if len(payload) > MAX_ARGUMENTS:
            return fail(ValueError(f"the arguments of {name} have more than {MAX_ARGUMENTS} bytes"))
        id = next(self._ids)
        waiting: Deferred[Any] = Deferred(lambda _: self._give_up(id))
        self._waiting[id] = waiting
        self._running[id] = name, self._clock.seconds()
        self._send(encode_frame(FrameType.RUN, id, payload))
        return waiting

    def answered(self, id: int, payload: bytes) -> None:
        """A RESULT has come; one that nobody waits for any more is forgotten."""
        self._running.pop(id, None)
        waiting = self._waiting.pop(id, None)
        if waiting is None:
            return
        try:
            value = decode(payload)
        except Exception as error:
            waiting.errback(error)
        else:
            waiting.callback(value)

    def lost(self) -> None:
        """The process has ended: fail all."""
        self._running.clear()
        self._fail_all()

    def drop(self) -> None:
        """The process is to end without them: fail all."""
        for id in self._waiting:
            self._send(encode_frame(FrameType.CANCEL, id))
        self._fail_all()

    def _fail_all(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            each.errback(ProcessEnded("the process has ended"))

    def _give_up(self, id: int) -> None:
        del self._waiting[id]
        self._send(encode_frame(FrameType.CANCEL, id))


def _shown(name: str) -> str:
    """What runs under a name, in words for the log."""
    return "the authenticator" if name.startswith(LOGIN) else "on_message" if name == MESSAGE else name
