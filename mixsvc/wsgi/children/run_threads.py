"""What the service has a child do besides requests: RUN and RESULT, in the child."""

import json
from collections.abc import Callable
from typing import Any, Final

from mixsvc.common.answers import encode_error, encode_value
from mixsvc.threads.children import this_process
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.children.frames import MAX_FRAME, FrameType, encode_frame

__all__ = ["LOGIN", "RunThreads", "is_about_login"]

# The names of what the authenticator's threads run begin with this.
LOGIN: Final = "login."


def is_about_login(payload: bytes) -> bool:
    """Whether a RUN is for the threads of the authenticator."""
    return payload.startswith(f'["{LOGIN}'.encode())


class RunThreads:
    """Runs in threads what the service asks for, and sends the results."""

    def __init__(
        self, pool: DaemonThreadPool, run: Callable[[str, list[Any]], object], send: Callable[[bytes], None]
    ) -> None:
        """run: calls what is registered under a name with arguments of JSON, in a thread."""
        self._pool = pool
        self._run = run
        self._send = send
        # Ids of what was given up before a thread had time for it. Main thread puts them there, a thread takes them.
        self._waiting: dict[int, None] = {}

    def begin(self, id: int, payload: bytes) -> None:
        """A RUN has come. Main thread."""
        self._waiting[id] = None
        self._pool.callInThread(self._work, id, payload)

    def give_up(self, id: int) -> None:
        """Nobody waits for it any more: forget it, unless a thread runs it already. Main thread."""
        self._waiting.pop(id, None)

    def _work(self, id: int, payload: bytes) -> None:
        try:
            # One operation of the interpreter: it runs, or it was given up.
            self._waiting.pop(id)
        except KeyError:
            return
        try:
            name, arguments = json.loads(payload)
            answer = encode_value(self._run(name, arguments))
            if len(answer) > MAX_FRAME:
                raise ValueError(f"the result of {name} has more than {MAX_FRAME} bytes")
        except BaseException as error:
            this_process.leave()
            answer = encode_error(error)
        self._send(encode_frame(FrameType.RESULT, id, answer))
