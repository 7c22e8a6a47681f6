"""A chat that a test plays for a box: it lets everybody in, keeps what is said, and refuses what the test says."""

import json
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from playwright.sync_api import Page, Route, WebSocketRoute

__all__ = ["NAMELESS", "SITE", "Play", "PlayedChat"]

SITE: Final = "http://box.test"
# A token that does not say how its person is called.
NAMELESS: Final = "nameless"
# So many messages has who comes in.
PAGE: Final = 100
HEAD: Final = f"""<!doctype html><title>Box</title><body>
<script type="module" src="{SITE}/chat/src/widget/widget.js"></script>"""


class PlayedChat:
    """Serves a page of a site, the box's scripts, and the chat that they talk to, without a service.

    `heard` has all requests. `refusals` has, by the type of a request, the fields of the error that answers it;
    `taken`, by a name that nobody may have, another one that is suggested. While `is_away` connections do not come
    about; while it `is_mute` nothing is answered.
    """

    def __init__(self, page: Page, static: Path, body: str) -> None:
        self.page = page
        self.heard: list[dict[str, Any]] = []
        self.refusals: dict[str, dict[str, Any]] = {}
        self.taken: dict[str, str] = {}
        self.is_away = False
        self.is_mute = False
        self._static = static
        self._body = body
        self._messages: list[dict[str, Any]] = []
        self._sockets: list[WebSocketRoute] = []
        page.route(f"{SITE}/**", self._serve)
        page.route_web_socket(re.compile(r"^ws://box\.test/"), self._connect)

    def of(self, type: str) -> list[dict[str, Any]]:
        """The requests of a type."""
        return [each for each in self.heard if each["type"] == type]

    def bob_says(self, *texts: str) -> None:
        """Bob says lines, which whoever is connected hears."""
        for text in texts:
            self.tell({"type": "message", "room": "lobby", **self._said("Bob", text)})

    def tell(self, event: dict[str, Any]) -> None:
        """Say something to everybody who is connected."""
        for socket in self._sockets:
            socket.send("a" + json.dumps([json.dumps(event)]))

    def go_away(self) -> None:
        """End all connections, and take no other until `is_away` is false again."""
        self.is_away = True
        self.drop()

    def drop(self) -> None:
        """End all connections, without a word."""
        for socket in self._sockets:
            socket.close(code=3000, reason="")
        self._sockets.clear()

    def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(f"{SITE}/")
        file = self._static / path.removeprefix("chat/src/")
        if file.is_file():
            route.fulfill(body=file.read_text("utf-8"), content_type=mimetypes.guess_type(path)[0])
        elif path.startswith("chat/"):
            route.abort()
        else:
            route.fulfill(body=HEAD + self._body, content_type="text/html; charset=utf-8")

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.is_away:
            socket.close(code=3000, reason="")
            return
        name: list[str] = []
        self._sockets.append(socket)
        socket.on_message(lambda frame: self._take(socket, name, str(frame)))
        socket.send("o")

    def _take(self, socket: WebSocketRoute, name: list[str], frame: str) -> None:
        for text in json.loads(frame):
            request = json.loads(text)
            self.heard.append(request)
            for answer in [] if self.is_mute else self._answers(request, name):
                socket.send("a" + json.dumps([json.dumps(answer)]))

    def _answers(self, request: dict[str, Any], name: list[str]) -> list[dict[str, Any]]:
        kind, room = request["type"], request.get("room")
        if kind in self.refusals:
            about = {"type": "error", "of": kind, "room": room, "key": request.get("key")}
            return [about | self.refusals[kind]]
        if kind == "hello":
            # A token is the name of a person, or lets the person choose one.
            identity = request.get("identity", NAMELESS)
            name[:] = [request.get("name", "") if identity == NAMELESS else identity]
            if suggestion := self.taken.get(name[0]):
                about = {"type": "error", "of": kind, "code": "name_taken", "text": "This name is taken."}
                return [{**about, "suggestion": suggestion}]
            welcome = {"name": name[0], "moderator": False, "rooms": ["lobby"], "epoch": "e", "max_text": 2000}
            nobody = {"type": "error", "of": "hello", "code": "no_name", "text": "Say hello with your name first."}
            return [{"type": "welcome", **welcome} if name[0] else nobody]
        if kind == "join":
            kept = {"messages": self._messages[-PAGE:], "first": 1, "last": len(self._messages), "epoch": "e"}
            about = {"members": name, "count": 1, "topic": "", "token": "t", "reset": False}
            return [{"type": "joined", "room": room, **about, **kept}]
        if kind == "say":
            said = self._said(name[0], request["text"])
            told = {"type": "message", "room": room, **said}
            return [{"type": "said", "room": room, "key": request["key"], "number": said["number"]}, told]
        if kind in ("history", "search"):
            return [self._found(request)]
        return [{"type": "done", "of": kind, "room": room, "number": request.get("number")}]

    def _found(self, request: dict[str, Any]) -> dict[str, Any]:
        room, last = request["room"], len(self._messages)
        if request["type"] == "search":
            found = [{"room": room, **each} for each in self._messages if request["text"] in each["text"]]
            return {"type": "found", "key": request["key"], "messages": found[::-1], "words": [request["text"]]}
        end = min(request.get("before", last + 1) - 1, last)
        page = self._messages[max(0, end - request["limit"]) : end]
        return {"type": "history", "room": room, "messages": page, "first": 1, "last": last}

    def _said(self, name: str, text: str) -> dict[str, Any]:
        said = {"number": len(self._messages) + 1, "name": name, "text": text, "time": "2026-11-30T12:00:00Z"}
        self._messages.append(said)
        return said


Play: TypeAlias = Callable[..., PlayedChat]
