"""Chatters who reconnect after every lost connection, send again what was not acknowledged, and record everything."""

import json
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.e2e.support.service import DEADLINE

__all__ = ["Steadfast"]

# How many of one chatter's messages are on their way at a time.
WINDOW: Final = 8

# How long to wait before the next try, in seconds.
PAUSE: Final = 0.02


class Steadfast(Thread):
    """Sends messages to the lobby as fast as they are acknowledged, in a thread, until `finish`."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self.url = f"ws://127.0.0.1:{port}/chat/websocket"
        self.name = name
        self.hello = {"type": "hello", "name": name, "token": f"the token of {name}"}
        # Key and number of every acknowledgement, in order, repeated ones included.
        self.acknowledged: list[tuple[str, int]] = []
        # Number and text of every message in the order in which they came.
        self.seen: list[tuple[int, str]] = []
        self.refused: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.connections = 0
        self._unsent: dict[str, None] = {}
        self._said = 0
        self._is_finishing = Event()
        self._is_over = Event()

    def run(self) -> None:
        """Reconnect until all texts are said."""
        while not self._is_over.wait(PAUSE):
            with suppress(OSError, WebSocketException, TimeoutError):
                with connect(self.url, open_timeout=DEADLINE, close_timeout=1) as socket:
                    self.connections += 1
                    self._talk(socket)

    def finish(self) -> None:
        """Send no new messages; `wait` returns when all are acknowledged."""
        self._is_finishing.set()

    def wait(self) -> None:
        """Wait until all messages are acknowledged; raises AssertionError after DEADLINE."""
        self.join(DEADLINE)
        assert not self.is_alive(), f"{self.name} still waits for {list(self._unsent)}"

    def _talk(self, socket: ClientConnection) -> None:
        _send(socket, **self.hello)
        _send(socket, type="join", room="lobby", since=self.seen[-1][0] if self.seen else 0)
        for key in self._unsent:
            self._say(socket, key)
        while not self._is_over.is_set():
            while len(self._unsent) < WINDOW and not self._is_finishing.is_set():
                self._said += 1
                key = f"{self.name} {self._said}"
                self._unsent[key] = None
                self._say(socket, key)
            self._read(json.loads(socket.recv(timeout=DEADLINE)))
            if self._is_finishing.is_set() and not self._unsent:
                self._is_over.set()

    def _say(self, socket: ClientConnection, key: str) -> None:
        _send(socket, type="say", room="lobby", text=key, key=key)

    def _read(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "joined":
                self._note_gap(message)
                self.seen += [(each["number"], each["text"]) for each in message["messages"]]
            case "message":
                self.seen.append((message["number"], message["text"]))
            case "said":
                self.acknowledged.append((message["key"], message["number"]))
                self._unsent.pop(message["key"], None)
            case "error":
                self.refused.append(message)

    def _note_gap(self, joined: dict[str, Any]) -> None:
        last = self.seen[-1][0] if self.seen else 0
        if joined["messages"] and joined["messages"][0]["number"] != last + 1:
            self.gaps.append(joined)


def _send(socket: ClientConnection, **fields: object) -> None:
    socket.send(json.dumps(fields))
