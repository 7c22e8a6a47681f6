"""An application's functions in the chat: examples/team, which docs/how-to/hooks.md explains, in the real service."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.builds import PROJECT
from tests.e2e.support.hosts import PRELOAD, Host, lend
from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.waiting import wait_until

Start = Callable[[Launch], Service]

EXAMPLE = PROJECT / "examples" / "team"
CHAT = {"rooms": "lobby, staff", "private_rooms": "staff", "authenticator": "team:who"}
WEB = {"wsgi": "team:app", "pages": "/mixsvc"}


class Talker:
    """Somebody's connection to the chat."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def send(self, type: str, **fields: object) -> None:
        self._socket.send(json.dumps({"type": type, **fields}))

    def wait_for(self, *types: str) -> Any:
        """The next event of one of these types."""
        while True:
            event = json.loads(self._socket.recv(timeout=DEADLINE))
            if event["type"] in types:
                return event

    def ask(self, type: str, answer: str, **fields: object) -> Any:
        """The answer, or the code of the error."""
        self.send(type, **fields)
        found = self.wait_for(answer, "error")
        return found.get("code", found)


@contextmanager
def talking(port: int, cookie: str = "", name: str | None = None) -> Iterator[Talker]:
    with connect(f"ws://127.0.0.1:{port}/chat/websocket", additional_headers={"Cookie": cookie}) as socket:
        talker = Talker(socket)
        talker.send("hello", name=name)
        talker.wait_for("welcome")
        yield talker


def asked(port: int, method: str, path: str, cookie: str = "", **form: str) -> tuple[int, str, bytes]:
    """The status of an answer, the cookie that it sets, and its body."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request(method, path, urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, (answer.headers["Set-Cookie"] or "").partition(";")[0], answer.read()


def logged_in(port: int, name: str) -> str:
    status, cookie, _ = asked(port, "POST", "/login", name=name, password="teatime")
    assert status == 303
    return cookie


def team(launch: Launch, **config: Mapping[str, str]) -> Launch:
    """A launch of the example, which uses Flask-Login of our own virtualenv."""
    shutil.copytree(EXAMPLE, launch.folder)
    lend(launch.folder / "lent", ("flask_login",))
    return replace(launch.having(**config), environ={"PYTHONPATH": "lent"})


def check_team(web: int, chat: int) -> None:
    """Everything that the example is for. web, chat: the ports of the application and of the chat."""
    ann_cookie, bob_cookie = logged_in(web, "ann"), logged_in(web, "bob")
    with talking(chat, ann_cookie) as ann, talking(chat, bob_cookie) as bob, talking(chat, name="Sid") as sid:
        assert [each["room"] for each in ann.ask("rooms", "rooms")["rooms"]] == ["lobby", "staff"]
        assert [each["room"] for each in sid.ask("rooms", "rooms")["rooms"]] == ["lobby"]
        for talker in (ann, bob):
            talker.ask("join", "joined", room="staff")
        assert sid.ask("join", "joined", room="staff") == "not_allowed"
        sid.ask("join", "joined", room="lobby")
        assert sid.ask("say", "said", room="lobby", text="hi") == "not_allowed"

        assert bob.ask("say", "said", room="staff", text="The price of tea?")["number"] == 1
        assert ann.wait_for("message")["text"] == "The price of tea?"
        answer = ann.wait_for("message")
        assert (answer["name"], answer["kind"]) == ("Porter", "answer")
        assert answer["text"].startswith("bob: 2 EUR")

        assert asked(web, "POST", "/dismiss/bob", ann_cookie)[0] == 204
        assert bob.wait_for("kicked")["by"] == "mixsvc"
        assert ann.wait_for("went")["name"] == "bob"
        assert bob.ask("join", "joined", room="staff") == "not_allowed"
        assert ann.ask("say", "said", room="staff", text="he is gone")["number"] == 3


@pytest.mark.parametrize("processes", ["0", "2"])
def test_the_team_in_the_service(start: Start, launch: Launch, processes: str) -> None:
    service = start(team(launch, web={**WEB, "processes": processes}, chat=CHAT))

    check_team(service.port, service.port)

    for path, cookie, status in (
        ("staff", "", 403),
        ("staff", logged_in(service.port, "ann"), 200),
        ("lobby", "", 200),
    ):
        assert asked(service.port, "GET", f"/mixsvc/api/rooms/{path}/messages", cookie)[0] == status
    listed = json.loads(asked(service.port, "GET", "/mixsvc/api/rooms")[2])["rooms"]
    assert [each["room"] for each in listed] == ["lobby"]
    assert b"price of tea" not in asked(service.port, "GET", "/mixsvc/")[2]
    service.stop()
    assert "Traceback" not in service.log() and "nobody may enter" not in service.log()


def test_the_team_in_workers_whose_application_was_imported_before_they_began(launch: Launch) -> None:
    chat = {**CHAT, "listen": "tcp:0:interface=127.0.0.1"}

    with Host(PRELOAD, team(launch, chat=chat), "team") as host:
        web = int(host.url.rpartition(":")[2])
        # The first view that asks for something starts the service in its worker.
        assert asked(web, "POST", "/dismiss/nobody", logged_in(web, "ann"))[0] == 204
        place = launch.folder / "mixsvc.sqlite3-chat.place"
        wait_until(place.exists, "no process serves the chat")
        check_team(web, json.loads(place.read_text())["port"])
    assert "Traceback" not in host.log()


def test_private_rooms_that_nobody_can_enter_are_told_at_the_start(start: Start, launch: Launch) -> None:
    service = start(launch.having(chat={"private_rooms": "staff, team-*"}))

    service.wait_for(r"nobody may enter the rooms of \[chat\] private_rooms = staff, team-\*")


def test_the_page_about_hooks_shows_what_the_example_has() -> None:
    page = (PROJECT / "docs" / "how-to" / "hooks.md").read_text()
    blocks = re.findall(r"```(?:python|ini)\n(.*?)```", page, re.DOTALL)
    sources = [(EXAMPLE / name).read_text() for name in ("team.py", "team.ini")]

    assert len(blocks) == 6
    assert [block for block in blocks if not any(block in source for source in sources)] == []
