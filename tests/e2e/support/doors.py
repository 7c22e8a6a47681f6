"""The doors of the chat, each as somebody uses it: what is said at one, and read at another."""

import json
import re
import socket
from abc import ABC, abstractmethod
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Thread
from typing import Final, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.support.service import DEADLINE
from tests.e2e.support.urls import post
from tests.e2e.support.waiting import wait_until

__all__ = ["STREAMS", "Door", "EventsDoor", "IrcDoor", "SockJSDoor", "WebSocketDoor"]

# The fallback transports: the method, the end of the URL, and whether one answer has many messages.
STREAMS: Final = {
    "xhr": ("POST", "xhr", False),
    "xhr_streaming": ("POST", "xhr_streaming", True),
    "eventsource": ("GET", "eventsource", True),
    "htmlfile": ("GET", "htmlfile?c=callback", True),
    "jsonp": ("GET", "jsonp?c=callback", False),
}

# A message, in the events of the chat and of a stream of events. Backslashes are taken out before.
MESSAGE: Final = re.compile(r'"number":\s?([0-9]+),\s?"name":\s?"[^"]*",\s?"text":\s?"(line [^"]*)"')
IRC_MESSAGE: Final = re.compile(r"msgid=([0-9]+)-0-\S+ :\S+ PRIVMSG #lobby :(line .*)\r\n")


class Door(ABC):
    """Somebody who came in, and a thread that reads."""

    pattern: re.Pattern[str] = MESSAGE

    def __init__(self) -> None:
        self.text = ""
        self.is_open = True
        self._reading = Thread(target=self._run, daemon=True)
        self._reading.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.hang_up()
        self._reading.join(DEADLINE)

    def heard(self) -> list[tuple[int, str]]:
        """The messages that came, with their numbers, in their order."""
        plain = self.text if self.pattern is IRC_MESSAGE else self.text.replace("\\", "")
        return [(int(number), text) for number, text in self.pattern.findall(plain)]

    def wait_for(self, word: str) -> None:
        """Until a text has come."""
        wait_until(lambda: word in self.text, f"no {word} in {self.text[-500:]!r}")

    def _run(self) -> None:
        with suppress(OSError, HTTPException, ConnectionClosed, ValueError):
            self.read()
        self.is_open = False

    @abstractmethod
    def read(self) -> None:
        """Add to `text` whatever comes, until the end."""

    @abstractmethod
    def hang_up(self) -> None:
        """Let `read` end."""

    def say(self, text: str) -> None:
        """Say something in the lobby."""
        self.ask(type="say", room="lobby", text=text)

    def enter(self, name: str, **more: str) -> None:
        """Take a name, and join the lobby."""
        self.ask(type="hello", name=name, **more)
        self.ask(type="join", room="lobby")

    def ask(self, **fields: str) -> None:
        """Send a request of the chat's protocol."""
        raise NotImplementedError


class WebSocketDoor(Door):
    """A raw WebSocket, or one with the frames of SockJS."""

    def __init__(self, port: int, session: str = "") -> None:
        """session: its path below that of the chat; "" for a raw one."""
        self._is_raw = not session
        url = f"ws://127.0.0.1:{port}/chat/{session}{'/' if session else ''}websocket"
        self._connecting = connect(url, open_timeout=DEADLINE, max_queue=None)
        self._socket = self._connecting.__enter__()
        super().__init__()

    def hang_up(self) -> None:
        self._connecting.__exit__(None, None, None)

    def read(self) -> None:
        for each in self._socket:
            self.text += str(each)

    def ask(self, **fields: str) -> None:
        message = json.dumps(fields)
        self._socket.send(message if self._is_raw else json.dumps([message]))


class SockJSDoor(Door):
    """A fallback transport of SockJS."""

    def __init__(self, port: int, session: str, transport: str) -> None:
        self._port, self._path = port, f"/chat/{session}/"
        self._method, self._end, self._is_stream = STREAMS[transport]
        self._is_jsonp = transport == "jsonp"
        self._socket: socket.socket | None = None
        super().__init__()
        wait_until(lambda: "o" in self.text, f"{transport} does not open")

    def read(self) -> None:
        # A close frame ends each of them.
        while self._end != "nothing" and not re.search(r"c\[[0-9]", self.text):
            with closing(HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE)) as connection:
                connection.request(self._method, self._path + self._end)
                self._socket = connection.sock
                with connection.getresponse() as answer:
                    while part := answer.read1():
                        self.text += part.decode()

    def hang_up(self) -> None:
        self._end = "nothing"
        _shut(self._socket)

    def ask(self, **fields: str) -> None:
        body = json.dumps([json.dumps(fields)]).encode()
        send, kind = ("jsonp_send", "text/plain") if self._is_jsonp else ("xhr_send", "text/plain")
        status, _ = post(f"http://127.0.0.1:{self._port}{self._path}{send}", body, Content_Type=kind)
        assert status in (200, 204)


class EventsDoor(Door):
    """A stream of events, which only reads."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self._connection.request("GET", "/api/rooms/lobby/events", headers={"Accept": "text/event-stream"})
        self._socket = self._connection.sock
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        super().__init__()

    def read(self) -> None:
        with closing(self._connection), self._answer:
            while part := self._answer.read1():
                self.text += part.decode()

    def hang_up(self) -> None:
        _shut(self._socket)


class IrcDoor(Door):
    """An IRC client."""

    pattern = IRC_MESSAGE

    def __init__(self, port: int, *before: str) -> None:
        """before: what it sends before its name, such as PASS."""
        self._socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        super().__init__()
        self.send("CAP REQ :message-tags echo-message", *before)

    def read(self) -> None:
        with self._socket:
            while part := self._socket.recv(65536):
                self.text += part.decode()

    def hang_up(self) -> None:
        _shut(self._socket)

    def send(self, *lines: str) -> None:
        """Send lines."""
        self._socket.sendall("".join(f"{each}\r\n" for each in lines).encode())

    def enter(self, name: str, **more: str) -> None:
        self.send(f"NICK {name}", "USER x 0 * :x", "CAP END", "JOIN #lobby")

    def say(self, text: str) -> None:
        self.send(f"PRIVMSG #lobby :{text}")


def _shut(connection: socket.socket | None) -> None:
    with suppress(OSError):
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)
