"""The chat for the other processes of a host: the one that serves it answers at a desk on the loopback.

A question is a JSON list of a method of IChat, its arguments and the time, with its MAC by the token that all processes
read from the same file. The answer is a JSON object of the `value`, or of the `error` and its `text`.
"""

import hmac
import json
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

__all__ = ["Desk", "RemoteChat"]

# A question that is older, in seconds, is somebody else's.
MOST_AGE: Final = 60.0

ERRORS: Final[dict[str, type[Exception]]] = {each.__name__: each for each in (NoSuchRoom, ServiceBusy, ValueError)}


class Desk(Resource):
    """Answers the other processes; in the reactor thread."""

    isLeaf = True
    _log = Logger()

    def __init__(self, service: ChatDispatcher, token: bytes) -> None:
        Resource.__init__(self)
        self._token = token
        self._methods: dict[str, Callable[..., Any]] = {
            "rooms": service.rooms,
            "members": service.members,
            "overview": lambda: [astuple(each) for each in service.overview()],
            "claim": service.claim,
            "page": lambda *asked: service.page(*asked).addCallback(_page_as_json),
            "say": lambda *said: service.publish(*said).addCallback(lambda stored: stored.message.number),
        }

    def render_POST(self, request: Request) -> int | bytes:
        """One question."""
        body = request.content.read() if request.content is not None else b""
        if not hmac.compare_digest((request.getHeader(b"x-mac") or b""), _mac(self._token, body)):
            request.setResponseCode(403)
            return b""
        method, arguments, asked_at = json.loads(body)
        if abs(time.time() - asked_at) > MOST_AGE:
            request.setResponseCode(403)
            return b""
        answering: Deferred[Any] = maybeDeferred(self._methods[method], *arguments)
        answering.addCallbacks(lambda value: {"value": value}, self._refused)
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        answering.addCallback(lambda answer: None if gone else _answer(answer, request))
        return NOT_DONE_YET

    def _refused(self, failure: Failure) -> dict[str, object]:
        error = failure.value
        if isinstance(error, NameTaken):
            return {"error": "NameTaken", "text": str(error), "suggestion": error.suggestion}
        for name, kind in ERRORS.items():
            if isinstance(error, kind):
                return {"error": name, "text": str(error)}
        self._log.failure("chat: a question of another process failed", failure)
        return {"error": "ServiceBusy", "text": "the chat has failed; its process has the reason in its log"}


class RemoteChat:
    """The methods of IChat, in a process that does not serve it. They block, each with a time limit."""

    def __init__(self, desk: Callable[[], int | None], token: bytes, seconds: float) -> None:
        """desk: gives the port of the desk; None where nobody serves the chat now."""
        self._desk = desk
        self._token = token
        self._seconds = seconds

    def rooms(self) -> Sequence[str]:
        """See IChat."""
        return list(self._asked("rooms"))

    def members(self, room: str) -> Sequence[str]:
        """See IChat."""
        return list(self._asked("members", room))

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat."""
        return [RoomOverview(*each) for each in self._asked("overview")]

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat."""
        messages, *others = self._asked("page", room, before, limit)
        return ChatPage([ChatMessage(*each) for each in messages], *others)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return str(self._asked("claim", name, person))

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat."""
        return int(self._asked("say", room, name, text, key))

    def _asked(self, method: str, *arguments: object) -> Any:
        desk = self._desk()
        if desk is None:
            raise ServiceBusy("no process serves the chat now; try again")
        try:
            answer = self._sent(desk, json.dumps([method, arguments, time.time()]).encode())
        except (OSError, HTTPException, ValueError):
            raise ServiceBusy("the process that serves the chat did not answer in time; try again") from None
        if "error" not in answer:
            return answer["value"]
        if answer["error"] == "NameTaken":
            raise NameTaken(answer["text"], answer["suggestion"])
        raise ERRORS[answer["error"]](answer["text"])

    def _sent(self, desk: int, body: bytes) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", desk, timeout=self._seconds)
        try:
            mac = _mac(self._token, body).decode()
            connection.request("POST", "/", body, {"X-Mac": mac, "Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise HTTPException(response.status)
            answer: dict[str, Any] = json.loads(response.read())
            return answer
        finally:
            connection.close()


def _answer(answer: dict[str, object], request: Request) -> None:
    request.write(json.dumps(answer).encode())
    request.finish()


def _page_as_json(page: ChatPage) -> list[object]:
    return [[astuple(each) for each in page.messages], page.first, page.last, page.topic, list(page.deleted)]


def _mac(token: bytes, body: bytes) -> bytes:
    return hmac.new(token, body, "sha256").hexdigest().encode()
