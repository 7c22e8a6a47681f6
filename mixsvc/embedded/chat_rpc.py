"""Remote procedure calls of the chat between the processes of a host, as HTTP on the loopback.

A request is a POST of a JSON list: the name of a method (mixsvc.chat.remote; with `topics.` before it one of
mixsvc.topics.remote), its arguments, and the time (seconds since 1970). Its header X-Mac is a MAC of the body, by the
token that all processes read from the same file. The response is a JSON object with the value or the error
(mixsvc.common.answers).
"""

import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.common.answers import error_fields, value_of
from mixsvc.errors import ServiceBusy
from mixsvc.threads.wait_limit import Slot

__all__ = ["DATABASE_SLOTS", "ChatRpcClient", "ChatRpcServer"]

# An older request, in seconds, is refused: somebody may have recorded it.
MAX_AGE: Final = 60.0

# How many threads of the host, whose number is not known here, may wait for the chat's database at one time.
DATABASE_SLOTS: Final = 2

# How long a call waits before it looks for another process, in seconds.
PAUSE_SECONDS: Final = 0.1

# How long it looks for one, in multiples of the time that an answer may take.
HANDOVERS: Final = 2

# Bytes of a random key.
KEY_BYTES: Final = 18

# What a process of an older version can raise, which asks for no topics or webhooks; others are for the log of this
# one.
KNOWN_ERRORS: Final = ("NameTaken", "NoSuchRoom", "NotPublished", "ServiceBusy", "TooFast", "ValueError")


class ChatRpcServer(Resource):
    """Runs the methods that other processes ask for. Used in the reactor thread of the process that serves the chat."""

    isLeaf = True
    _log = Logger()

    def __init__(
        self, methods: Mapping[str, Callable[..., Any]], token: bytes, wall: Callable[[], float] = time.time
    ) -> None:
        """methods: by their names; each returns JSON or a Deferred of it. wall: seconds since 1970, UTC."""
        Resource.__init__(self)
        self._token = token
        self._wall = wall
        self._methods = methods
        self._is_stopping = False

    def stop(self) -> None:
        """The chat stops here: whoever asks for what it does not do any more gets no answer, and asks its successor."""
        self._is_stopping = True

    def render_POST(self, request: Request) -> int | bytes:
        """One call. 403 unless its MAC is right and it is recent."""
        body = request.content.read() if request.content is not None else b""
        if not hmac.compare_digest((request.getHeader(b"x-mac") or b""), _mac(self._token, body)):
            request.setResponseCode(403)
            return b""
        method, arguments, asked_at = json.loads(body)
        if abs(self._wall() - asked_at) > MAX_AGE:
            request.setResponseCode(403)
            return b""
        answering: Deferred[Any] = maybeDeferred(self._methods[method], *arguments)
        answering.addCallbacks(lambda value: {"value": value}, self._error_fields)
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        answering.addCallback(lambda answer: None if gone else self._respond(answer, request))
        return NOT_DONE_YET

    def _respond(self, answer: dict[str, object], request: Request) -> None:
        if self._is_stopping and answer.get("error") == ServiceBusy.__name__:
            request.loseConnection()
            return
        request.write(json.dumps(answer).encode())
        request.finish()

    def _error_fields(self, failure: Failure) -> dict[str, object]:
        fields = error_fields(failure.value) if failure.value is not None else None
        if fields is not None and fields["error"] in KNOWN_ERRORS:
            return fields
        self._log.failure("chat: a call of another process failed", failure)
        return {"error": "ServiceBusy", "text": "the chat failed; the log of the process that serves it says why"}


class ChatRpcClient:
    """Asks the process that serves the chat (see RemoteChat). Used in worker threads, which it blocks.

    A call that reaches no process, or whose process ends before it answers, is repeated for a while, as another process
    may take the chat over. Each raises ServiceBusy if none does, or if it does not answer in time.
    """

    def __init__(self, find_port: Callable[[], int | None], token: bytes, seconds: float) -> None:
        """find_port: returns the port of the ChatRpcServer, or None if no process serves the chat now.

        It raises ServiceBusy where waiting for one is of no use.
        """
        self._find_port = find_port
        self._token = token
        self._seconds = seconds

    def ask(self, method: str, arguments: Sequence[object], slot: Slot) -> Any:
        """See AskInSlot."""
        arguments = _repeatable(method, arguments)
        ends_at = time.monotonic() + HANDOVERS * self._seconds
        while (answer := self._try(method, arguments, slot)) is None:
            if time.monotonic() + PAUSE_SECONDS > ends_at:
                raise ServiceBusy("no process serves the chat now; try again")
            time.sleep(PAUSE_SECONDS)
        return value_of(answer)

    def _try(self, method: str, arguments: Sequence[object], slot: Slot) -> dict[str, Any] | None:
        """The answer; None if no process serves the chat, or the one that did has ended. Raises ServiceBusy."""
        port = self._find_port()
        if port is None:
            return None
        with slot():
            return self._ask_at(port, method, arguments)

    def _ask_at(self, port: int, method: str, arguments: Sequence[object]) -> dict[str, Any] | None:
        try:
            # Refused once: the system's clock was set between the two processes' looks at it.
            for _ in range(2):
                answer = self._post(port, json.dumps([method, arguments, time.time()]).encode())
                if answer is not None:
                    return answer
        except TimeoutError:
            raise ServiceBusy("the process that serves the chat did not answer in time; try again") from None
        except (OSError, HTTPException, ValueError):
            return None
        raise ServiceBusy("the process that serves the chat refuses the calls of this one; try again")

    def _post(self, port: int, body: bytes) -> dict[str, Any] | None:
        """Returns the answer; None if the call was refused, and so not run. Raises ServiceBusy if the call failed."""
        connection = HTTPConnection("127.0.0.1", port, timeout=self._seconds)
        try:
            mac = _mac(self._token, body).decode()
            connection.request("POST", "/", body, {"X-Mac": mac, "Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status == 403:
                return None
            if response.status == 500:
                # It is there, and fails again: it may be of an older version, which has not all the methods.
                raise ServiceBusy("the process that serves the chat has failed; its log says why")
            if response.status != 200:
                raise HTTPException(response.status)
            answer: dict[str, Any] = json.loads(response.read())
            return answer
        finally:
            connection.close()


def _repeatable(method: str, arguments: Sequence[object]) -> Sequence[object]:
    """The arguments with which a call may be repeated: with a key a text is stored once, however often it comes.

    A text that its caller has given no key gets a random one.
    """
    if method in ("say", "answer", "deliver", "topics.publish") and arguments[-1] is None:
        return (*arguments[:-1], secrets.token_urlsafe(KEY_BYTES))
    return arguments


def _mac(token: bytes, body: bytes) -> bytes:
    return hmac.new(token, body, "sha256").hexdigest().encode()
