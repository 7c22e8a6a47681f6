"""What a child asks of the service: ASK and REPLY, in the child."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from mixsvc.errors import ServiceBusy
from mixsvc.threads.children import this_process
from mixsvc.wsgi.children.frames import FrameType, encode_frame, new_ids

__all__ = ["ServiceQuestions"]

# Bytes of one question.
MAX_QUESTION: Final = 2**23


class Awaited:
    """An answer that a thread waits for, and the parts of it that have come."""

    def __init__(self) -> None:
        self.answer: Future[bytes] = Future()
        self.parts: list[bytes] = []


class ServiceQuestions:
    """Asks the service, and waits for the answer, always with a time limit."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._ids = new_ids()
        # Changed by one operation of the interpreter at a time.
        self._waiting: dict[int, Awaited] = {}

    def ask(self, payload: bytes, seconds: float) -> bytes:
        """Returns the payload of the answer. Any thread but the main one; blocks for at most so many seconds.

        Raises ServiceBusy after that, and then the service may or may not have done what was asked for; ValueError for
        a question that is too long; RuntimeError in a process that a view has forked.
        """
        if this_process.is_one:
            raise RuntimeError("a process that a view has forked cannot call the service; call it in the view")
        if len(payload) > MAX_QUESTION:
            raise ValueError(f"the arguments have more than {MAX_QUESTION} bytes")
        id = next(self._ids)
        awaited = self._waiting[id] = Awaited()
        try:
            self._send(encode_frame(FrameType.ASK, id, payload))
            return awaited.answer.result(seconds)
        except TimeoutError:
            raise ServiceBusy(f"no answer within {seconds:g} s; try again") from None
        finally:
            del self._waiting[id]

    def came(self, id: int, payload: bytes) -> None:
        """A PART has come; one that nobody waits for any more is forgotten. Main thread."""
        awaited = self._waiting.get(id)
        if awaited is not None:
            awaited.parts.append(payload)

    def answered(self, id: int, payload: bytes) -> None:
        """A REPLY has come, the end of the answer. Main thread."""
        awaited = self._waiting.get(id)
        if awaited is not None:
            awaited.answer.set_result(b"".join((*awaited.parts, payload)))
