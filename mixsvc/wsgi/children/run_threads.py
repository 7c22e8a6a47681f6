"""What the service has a child do besides requests: RUN and RESULT, in the child."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from mixsvc.common.answers import encode_error, encode_value
from mixsvc.errors import ServiceBusy
from mixsvc.threads.children import this_process
from mixsvc.threads.leavable import LeavableCall, LeavableCalls
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.children.frames import MAX_FRAME, FrameType, encode_frame

__all__ = ["LOGIN", "RunThreads", "is_about_login"]

# The names of what the authenticator's threads run begin with this.
LOGIN: Final = "login."


def is_about_login(payload: bytes) -> bool:
    """Whether a RUN is for the threads of the authenticator."""
    return payload.startswith(f'["{LOGIN}'.encode())


class RunThreads:
    """Runs in threads what the service asks for. Each has one RESULT, also one that was given up: its thread is free.

    Another thread takes the place of one that was given up and hangs.
    """

    def __init__(
        self,
        pool: DaemonThreadPool,
        run: Callable[[str, list[Any]], object],
        send: Callable[[bytes], None],
        freed: Callable[[], object],
    ) -> None:
        """run: calls what is registered under a name with arguments of JSON, in a thread.

        freed: called in any thread when nobody waits for one of them any more.
        """
        self._calls = LeavableCalls(pool, time.monotonic)
        self._run = run
        self._send = send
        self._freed = freed
        # By id: those that the service waits for. Main thread puts them there, any takes them.
        self._wanted: dict[int, LeavableCall] = {}

    @property
    def is_busy(self) -> bool:
        """Whether the service waits for any. Any thread."""
        return bool(self._wanted)

    def begin(self, id: int, payload: bytes) -> None:
        """A RUN has come. Main thread."""
        call = self._wanted[id] = self._calls.make(partial(self._work, id, payload))
        self._calls.start(call)

    def give_up(self, id: int) -> None:
        """Nobody waits for it any more: forget it, unless a thread runs it already. Main thread."""
        call = self._wanted.pop(id, None)
        if call is not None and self._calls.give_up(call):
            self._send(encode_frame(FrameType.RESULT, id, encode_error(ServiceBusy("it was given up"))))
        self._freed()

    def _work(self, id: int, payload: bytes) -> None:
        try:
            name, arguments = json.loads(payload)
            answer = encode_value(self._run(name, arguments))
            if len(answer) > MAX_FRAME:
                raise ValueError(f"the result of {name} has more than {MAX_FRAME} bytes")
        except BaseException as error:
            this_process.leave()
            answer = encode_error(error)
        self._send(encode_frame(FrameType.RESULT, id, answer))
        self._wanted.pop(id, None)
        self._freed()
