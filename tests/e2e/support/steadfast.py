"""Chatters who reconnect after every lost connection, send again what was not acknowledged, and record everything."""

import json
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

from tests.e2e.support.links import Link, LinkLost, OpenLink, websocket
from tests.e2e.support.service import DEADLINE

__all__ = ["Steadfast"]

# How many of one chatter's messages are on their way at a time.
WINDOW: Final = 8

# How long to wait before the next try, in seconds.
PAUSE: Final = 0.02

# How many messages one request for older ones brings.
PAGE: Final = 200


class Steadfast(Thread):
    """Sends messages to a room as fast as they are acknowledged, in a thread, until `finish`.

    With each connection it goes to the next of its ports.
    """

    def __init__(self, ports: Sequence[int], name: str, room: str = "lobby", link: OpenLink = websocket) -> None:
        super().__init__(daemon=True)
        self.ports = ports
        self.name = name
        self.room = room
        self.hello = {"type": "hello", "name": name, "token": f"the token of {name}"}
        # Key and number of every acknowledgement, in order, repeated ones included.
        self.acknowledged: list[tuple[str, int]] = []
        # Number and text of every message in the order in which they came.
        self.seen: list[tuple[int, str]] = []
        self.refused: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.connections = 0
        # How often the service could not store a message or answer a request for now.
        self.put_off = 0
        # When each text was said first that is not acknowledged yet, and how long the slowest took; in seconds.
        self.unsent: dict[str, float] = {}
        self.longest = 0.0
        self._link = link
        self._said = 0
        # The newest messages, while older ones are missing before them.
        self._ahead: list[tuple[int, str]] = []
        self._is_finishing = Event()
        self._is_over = Event()

    def run(self) -> None:
        """Reconnect until all texts are said."""
        while not self._is_over.wait(PAUSE):
            with suppress(LinkLost):
                with self._link(self.ports[self.connections % len(self.ports)]) as link:
                    self.connections += 1
                    self._talk(link)

    def finish(self) -> None:
        """Send no new messages; `wait` returns when all are acknowledged."""
        self._is_finishing.set()

    def wait(self) -> None:
        """Wait until all messages are acknowledged and shown; raises AssertionError after DEADLINE."""
        self.join(DEADLINE)
        assert not self.is_alive(), f"{self.name} still waits for {list(self.unsent)}"

    def _talk(self, link: Link) -> None:
        self._ahead = []
        _send(link, **self.hello)
        _send(link, type="join", room=self.room, since=self.seen[-1][0] if self.seen else 0)
        for key in self.unsent:
            self._say(link, key)
        while not self._is_over.is_set():
            while len(self.unsent) < WINDOW and not self._is_finishing.is_set():
                self._said += 1
                key = f"{self.name} {self._said}"
                self.unsent[key] = monotonic()
                self._say(link, key)
            self._read(link, json.loads(link.receive()))
            if self._is_finishing.is_set() and not self.unsent and self._has_seen_its_own():
                self._is_over.set()

    def _has_seen_its_own(self) -> bool:
        return bool(self.seen) and self.seen[-1][0] >= max((number for _, number in self.acknowledged), default=0)

    def _say(self, link: Link, key: str) -> None:
        _send(link, type="say", room=self.room, text=key, key=key)

    def _read(self, link: Link, message: dict[str, Any]) -> None:
        match message["type"]:
            case "joined":
                self._take(link, message)
            case "history":
                self._take(link, message)
            case "message" if self._ahead:
                self._ahead.append((message["number"], message["text"]))
            case "message":
                self.seen.append((message["number"], message["text"]))
            case "said":
                self.acknowledged.append((message["key"], message["number"]))
                began = self.unsent.pop(message["key"], None)
                if began is not None:
                    self.longest = max(self.longest, monotonic() - began)
            case "error":
                self._refused(link, message)

    def _take(self, link: Link, page: dict[str, Any]) -> None:
        """Whoever missed very much gets the newest, and asks for the others."""
        last = self.seen[-1][0] if self.seen else 0
        found = [(each["number"], each["text"]) for each in page["messages"] if each["number"] > last]
        self._ahead = [*found, *self._ahead]
        if not self._ahead or self._ahead[0][0] == last + 1:
            self.seen += self._ahead
            self._ahead = []
        elif found and page["first"] <= last + 1:
            _send(link, type="history", room=self.room, before=self._ahead[0][0], limit=PAGE)
        else:
            self.gaps.append(page)
            self._is_over.set()

    def _refused(self, link: Link, message: dict[str, Any]) -> None:
        """What the service cannot do for now is asked for again, until it can."""
        if message["code"] not in ("busy", "not_saved", "no_name", "not_inside"):
            self.refused.append(message)
            return
        self.put_off += 1
        if message["of"] != "say":
            raise LinkLost(message["code"])
        if message["code"] == "not_saved":
            self._is_over.wait(PAUSE)
            self._say(link, message["key"])


def _send(link: Link, **fields: object) -> None:
    link.send(json.dumps(fields))
