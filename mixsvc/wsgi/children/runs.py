"""What the service has one child do besides requests: what the application has registered there. Reactor thread."""

import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

from twisted.internet.defer import Deferred, fail

from mixsvc.common.answers import decode
from mixsvc.errors import ServiceBusy
from mixsvc.wsgi.children.frames import FrameType, encode_frame
from mixsvc.wsgi.supervision.interfaces import ProcessEnded

__all__ = ["ChildRuns"]

# So many may be in work in one child, and their arguments may have so many bytes.
MAX_RUNS: Final = 256
MAX_ARGUMENTS: Final = 2**20


class ChildRuns:
    """The runs that one child has not answered yet."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._ids = count(1)
        self._waiting: dict[int, Deferred[Any]] = {}

    def run(self, name: str, arguments: Sequence[object]) -> "Deferred[Any]":
        """Call what is registered under a name, with arguments that JSON can hold; fires with its result.

        Fails with its exception (mixsvc.common.answers), with ServiceBusy if too many runs wait, with ValueError if
        the arguments are too long, and with ProcessEnded. Cancelling it gives it up: it may or may not run.
        """
        if len(self._waiting) >= MAX_RUNS:
            return fail(ServiceBusy("too much waits for this process; try again"))
        payload = json.dumps([name, list(arguments)]).encode()
        if len(payload) > MAX_ARGUMENTS:
            return fail(ValueError(f"the arguments of {name} have more than {MAX_ARGUMENTS} bytes"))
        id = next(self._ids)
        waiting: Deferred[Any] = Deferred(lambda _: self._give_up(id))
        self._waiting[id] = waiting
        self._send(encode_frame(FrameType.RUN, id, payload))
        return waiting

    def answered(self, id: int, payload: bytes) -> None:
        """A RESULT has come; one that nobody waits for any more is forgotten."""
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
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            each.errback(ProcessEnded("the process has ended"))

    def _give_up(self, id: int) -> None:
        del self._waiting[id]
        self._send(encode_frame(FrameType.CANCEL, id))
