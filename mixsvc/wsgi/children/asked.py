"""What one child asks of the service: ASK and REPLY, at the service. Reactor thread."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.answers import encode_error
from mixsvc.errors import ServiceBusy
from mixsvc.wsgi.children.frames import MAX_FRAME, FrameType, encode_frame

__all__ = ["Answer", "ChildQuestions"]

# So many questions of one child may be in work; it asks one in each of its threads.
MAX_QUESTIONS: Final = 1024

# Bytes of one answer. A page of 200 messages of 100 000 characters each has less.
MAX_ANSWER: Final = 2**27

# Answers a question: its payload gives that of the answer (mixsvc.common.answers).
Answer = Callable[[bytes], "Deferred[bytes]"]


class ChildQuestions:
    """Answers the questions of one child. An answer that comes after its end is forgotten."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, answer: Answer, send: Callable[[bytes], None]) -> None:
        self._answer = answer
        self._send = send
        self._in_work = 0

    def asked(self, id: int, payload: bytes) -> None:
        """An ASK has come."""
        if self._in_work >= MAX_QUESTIONS:
            self._reply(id, encode_error(ServiceBusy("too many questions wait for the service; try again")))
            return
        self._in_work += 1
        answering: Deferred[bytes] = maybeDeferred(self._answer, payload)
        answering.addErrback(self._failed)
        answering.addCallback(lambda answer: self._answered(id, answer))

    def _failed(self, failure: Failure) -> bytes:
        self._log.failure("views: a question of a child could not be answered", failure)
        return encode_error(RuntimeError("the service failed to answer; its log says why"))

    def _answered(self, id: int, answer: bytes) -> None:
        self._in_work -= 1
        if len(answer) > MAX_ANSWER:
            answer = encode_error(ValueError(f"the answer has more than {MAX_ANSWER} bytes; ask for less"))
        self._reply(id, answer)

    def _reply(self, id: int, payload: bytes) -> None:
        while len(payload) > MAX_FRAME:
            self._send(encode_frame(FrameType.PART, id, payload[:MAX_FRAME]))
            payload = payload[MAX_FRAME:]
        self._send(encode_frame(FrameType.REPLY, id, payload))
