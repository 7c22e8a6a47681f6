"""A chatter's way to the service, for threads: a plain WebSocket, or SockJS by polling."""

import json
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from secrets import token_hex
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Final, Protocol, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.e2e.support.service import DEADLINE

__all__ = ["OpenLink", "Link", "LinkLost", "polling", "slow", "websocket"]

# How long a slow client takes for each message, in seconds.
SLOW_SECONDS: Final = 0.02


class LinkLost(Exception):
    """The connection or the session has ended."""


class Link(Protocol):
    """A connection, or a session of several; a context manager."""

    def send(self, text: str) -> None:
        """Send one message. Raises LinkLost."""

    def receive(self) -> str:
        """The next message; waits for it. Raises LinkLost."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


OpenLink = Callable[[int], Link]


class _WebSocketLink:
    def __init__(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/chat/websocket"
        self._stack = ExitStack()
        try:
            connecting = connect(url, open_timeout=DEADLINE, close_timeout=1, compression=None)
            self._socket = self._stack.enter_context(connecting)
        except (OSError, WebSocketException) as error:
            raise LinkLost(str(error)) from error

    def send(self, text: str) -> None:
        try:
            self._socket.send(text)
        except (OSError, WebSocketException) as error:
            raise LinkLost(str(error)) from error

    def receive(self) -> str:
        try:
            return str(self._socket.recv(timeout=DEADLINE))
        except (OSError, WebSocketException) as error:
            raise LinkLost(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


# How long a client gives one of its requests for messages; the server answers an idle one with a heartbeat before.
POLL_SECONDS: Final = DEADLINE


class _PollingLink:
    """Receives by one request after another, and sends by others."""

    def __init__(self, port: int) -> None:
        self._path = f"/chat/000/{token_hex(8)}"
        self._receiving, self._sending = (HTTPConnection("127.0.0.1", port, timeout=POLL_SECONDS) for _ in range(2))
        self._waiting: deque[str] = deque()
        self._is_open = False
        self._take(self._post(self._receiving, "xhr", ""))

    def send(self, text: str) -> None:
        self._post(self._sending, "xhr_send", json.dumps([text]))

    def receive(self) -> str:
        end = monotonic() + DEADLINE
        while not self._waiting:
            if monotonic() > end:
                raise LinkLost("nothing comes")
            self._take(self._post(self._receiving, "xhr", ""))
        return self._waiting.popleft()

    def _post(self, connection: HTTPConnection, name: str, body: str) -> str:
        try:
            connection.request("POST", f"{self._path}/{name}", body.encode(), {"Content-Type": "text/plain"})
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as error:
            raise LinkLost(str(error)) from error
        if response.status not in (200, 204):
            raise LinkLost(f"{name}: {response.status}")
        return text

    def _take(self, frame: str) -> None:
        if frame[:1] == "a":
            self._waiting += json.loads(frame[1:])
        elif frame[:1] == "c" or (frame[:1] == "o" and self._is_open):
            # As sockjs-client does it: a second opening means that the server has lost the session.
            raise LinkLost(frame)
        self._is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._receiving.close()
        self._sending.close()


class _SlowLink:
    """A link whose client takes its time for each message."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._never = Event()

    def send(self, text: str) -> None:
        """See Link."""
        self._link.send(text)

    def receive(self) -> str:
        """See Link."""
        self._never.wait(SLOW_SECONDS)
        return self._link.receive()

    def __enter__(self) -> Self:
        self._link.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.__exit__(kind, error, trace)


def slow(link: OpenLink) -> OpenLink:
    """The same with a client that is slower than the service, and leaves it some time."""
    return lambda port: _SlowLink(link(port))


def websocket(port: int) -> Link:
    """Connect to a service by a plain WebSocket. Raises LinkLost."""
    return _WebSocketLink(port)


def polling(port: int) -> Link:
    """Open a session of SockJS at a service, by xhr-polling. Raises LinkLost."""
    return _PollingLink(port)
