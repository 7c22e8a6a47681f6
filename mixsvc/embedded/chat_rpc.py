"""Remote procedure calls of IChat between the processes of a host, as HTTP on the loopback.

A request is a POST of a JSON list: the name of a method of IChat, its arguments, and the time (seconds since 1970). Its
header X-Mac is a MAC of the body, by the token that all processes read from the same file. The response is a JSON
object with the `value`, or with an `error` and its `text`.
"""

import hmac
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.errors import NameTaken, NoSuchRoom, ServiceBusy
from mixsvc.interfaces import ChatMessage, ChatPage, RoomOverview
from mixsvc.threads.places import Places

__all__ = ["DATABASE_PLACES", "ChatRpcServer", "RemoteChat"]

# An older request, in seconds, is refused: somebody may have recorded it.
MAX_AGE: Final = 60.0

# How many threads of the host, whose number is not known here, may wait for the chat's database at one time.
DATABASE_PLACES: Final = 2

# How long a call waits before it looks for another process, in seconds.
PAUSE_SECONDS: Final = 0.1

# How long it looks for one, in multiples of the time that an answer may take.
HANDOVERS: Final = 2

# Bytes of a random key.
KEY_BYTES: Final = 18

ERRORS: Final[dict[str, type[Exception]]] = {each.__name__: each for each in (NoSuchRoom, ServiceBusy, ValueError)}


class ChatRpcServer(Resource):
    """Runs the methods that other processes ask for. Used in the reactor thread of the process that serves the chat."""

    isLeaf = True
    _log = Logger()

    def __init__(self, service: ChatDispatcher, token: bytes, wall: Callable[[], float] = time.time) -> None:
        """wall: seconds since 1970, UTC."""
        Resource.__init__(self)
        self._token = token
        self._wall = wall
        self._methods: dict[str, Callable[..., Any]] = {
            "rooms": service.rooms,
            "members": service.members,
            "overview": lambda: [astuple(each) for each in service.overview()],
            "claim": service.claim,
            "history": lambda *arguments: service.page(*arguments).addCallback(_page_as_json),
            # Called by processes of an older version, which run while a host restarts its workers one by one.
            "page": lambda *arguments: service.page(*arguments).addCallback(lambda page: _page_as_json(page)[:5]),
            "say": lambda *arguments: service.publish(*arguments).addCallback(lambda stored: stored.message.number),
        }

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
        answering.addCallback(lambda answer: None if gone else _respond(answer, request))
        return NOT_DONE_YET

    def _error_fields(self, failure: Failure) -> dict[str, object]:
        error = failure.value
        if isinstance(error, NameTaken):
            return {"error": "NameTaken", "text": str(error), "suggestion": error.suggestion}
        for name, kind in ERRORS.items():
            if isinstance(error, kind):
                return {"error": name, "text": str(error)}
        self._log.failure("chat: a call of another process failed", failure)
        return {"error": "ServiceBusy", "text": "the chat failed; the log of the process that serves it says why"}


class RemoteChat:
    """The methods of IChat in a process that does not serve the chat. They block, each with a time limit.

    A call that reaches no process, or whose process ends before it answers, is repeated for a while, as another process
    may take the chat over. Each raises ServiceBusy if none does, or if it does not answer in time. Used in worker
    threads.
    """

    def __init__(self, find_port: Callable[[], int | None], token: bytes, seconds: float) -> None:
        """find_port: returns the port of the ChatRpcServer, or None if no process serves the chat now.

        It raises ServiceBusy where waiting for one is of no use.
        """
        self._find_port = find_port
        self._places = Places(DATABASE_PLACES)
        self._token = token
        self._seconds = seconds

    def rooms(self) -> Sequence[str]:
        """See IChat."""
        return list(self._call("rooms"))

    def members(self, room: str) -> Sequence[str]:
        """See IChat."""
        return list(self._call("members", room))

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat."""
        return [RoomOverview(*each) for each in self._call("overview")]

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat."""
        with self._places.place():
            messages, *others = self._call("history", room, before, limit)
        return ChatPage([ChatMessage(*each) for each in messages], *others)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return str(self._call("claim", name, person))

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat."""
        with self._places.place():
            # With a key the chat stores the text once, however often it comes.
            return int(self._call("say", room, name, text, key or secrets.token_urlsafe(KEY_BYTES)))

    def _call(self, method: str, *arguments: object) -> Any:
        ends_at = time.monotonic() + HANDOVERS * self._seconds
        while (answer := self._try(method, arguments)) is None:
            if time.monotonic() + PAUSE_SECONDS > ends_at:
                raise ServiceBusy("no process serves the chat now; try again")
            time.sleep(PAUSE_SECONDS)
        if "error" not in answer:
            return answer["value"]
        if answer["error"] == "NameTaken":
            raise NameTaken(answer["text"], answer["suggestion"])
        raise ERRORS[answer["error"]](answer["text"])

    def _try(self, method: str, arguments: Sequence[object]) -> dict[str, Any] | None:
        """The answer; None if no process serves the chat, or the one that did has ended. Raises ServiceBusy."""
        port = self._find_port()
        if port is None:
            return None
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
        """Returns the answer; None if the call was refused, and so not run."""
        connection = HTTPConnection("127.0.0.1", port, timeout=self._seconds)
        try:
            mac = _mac(self._token, body).decode()
            connection.request("POST", "/", body, {"X-Mac": mac, "Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status == 403:
                return None
            if response.status != 200:
                raise HTTPException(response.status)
            answer: dict[str, Any] = json.loads(response.read())
            return answer
        finally:
            connection.close()


def _respond(answer: dict[str, object], request: Request) -> None:
    request.write(json.dumps(answer).encode())
    request.finish()


def _page_as_json(page: ChatPage) -> list[object]:
    others = (page.first, page.last, page.topic, list(page.deleted), page.epoch, page.token, page.is_reset)
    return [[astuple(each) for each in page.messages], *others]


def _mac(token: bytes, body: bytes) -> bytes:
    return hmac.new(token, body, "sha256").hexdigest().encode()
