"""A chat client's session over each of the transports, on asyncio.

Requests are HTTP/1.0, so that a stream ends with its connection.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, Protocol
from urllib.parse import quote, unquote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

__all__ = ["TRANSPORTS", "SessionClosed", "Session", "get", "opened"]

SECONDS: Final = 20.0


class SessionClosed(Exception):
    """The session or its connection has ended."""


class Session(Protocol):
    """One session. is_open: set once messages may be sent."""

    is_open: asyncio.Event

    async def send(self, text: str) -> None:
        """Send one message, once it is open. Raises SessionClosed."""

    async def receive(self) -> str:
        """The next message. Raises SessionClosed."""

    async def close(self) -> None:
        """End the connection; nothing is sent before."""


class Frames:
    """Parses SockJS frames."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self.is_open = asyncio.Event()

    def take(self, frame: str) -> None:
        """Parse one frame. Raises SessionClosed for a close frame."""
        self.is_open.set()
        if frame[:1] == "a":
            self._waiting += json.loads(frame[1:])
        elif frame[:1] == "c":
            raise SessionClosed(frame)

    def next(self) -> str | None:
        """The oldest message that was not taken yet; None when there is none."""
        return self._waiting.pop(0) if self._waiting else None


class WebSocketSession:
    """Over a WebSocket, with SockJS frames or without."""

    def __init__(self, socket: ClientConnection, is_framed: bool) -> None:
        self.socket = socket
        self._is_framed = is_framed
        self._frames = Frames()
        self.is_open = self._frames.is_open
        if not is_framed:
            self.is_open.set()

    async def send(self, text: str) -> None:
        """See Session."""
        try:
            await self.socket.send(json.dumps([text]) if self._is_framed else text)
        except WebSocketException as error:
            raise SessionClosed(str(error)) from None

    async def receive(self) -> str:
        """See Session."""
        while (message := self._frames.next()) is None:
            try:
                text = str(await self.socket.recv())
            except WebSocketException as error:
                raise SessionClosed(str(error)) from None
            if not self._is_framed:
                return text
            self._frames.take(text)
        return message

    async def close(self) -> None:
        """See Session."""
        await self.socket.close()


@dataclass(frozen=True)
class HttpTransport:
    """An HTTP transport.

    receive: the path that delivers frames, requested with method. frames: parses one line of its response. send: the
    path that takes messages.
    """

    receive: str
    method: str
    frames: Callable[[str], Iterator[str]]
    send: str = "xhr_send"


class HttpSession:
    """Over HTTP: receives by streaming or polling, and sends by POST."""

    def __init__(self, port: int, transport: HttpTransport) -> None:
        self._port = port
        self._transport = transport
        self._path = f"/chat/000/{token_hex(8)}"
        self._frames = Frames()
        self.is_open = self._frames.is_open
        self._lines: AsyncIterator[str] | None = None

    async def send(self, text: str) -> None:
        """See Session."""
        body = json.dumps([text])
        if self._transport.send == "jsonp_send":
            body = "d=" + quote(body)
        status, _ = await ask(self._port, "POST", f"{self._path}/{self._transport.send}", body)
        if status not in (200, 204):
            raise SessionClosed(f"{self._transport.send}: {status}")

    async def receive(self) -> str:
        """See Session."""
        while (message := self._frames.next()) is None:
            if self._lines is None:
                self._lines = stream(self._port, self._transport.method, f"{self._path}/{self._transport.receive}")
            try:
                line = await anext(self._lines)
            except StopAsyncIteration:
                # A poll was answered, or a stream has reached its limit.
                self._lines = None
                continue
            for frame in self._transport.frames(line):
                self._frames.take(frame)
        return message

    async def close(self) -> None:
        """See Session."""
        lines, self._lines = self._lines, None
        if lines is not None:
            with suppress(RuntimeError):
                await lines.aclose()  # type: ignore[attr-defined]  # it is a generator


async def stream(port: int, method: str, path: str) -> AsyncIterator[str]:
    """The lines of a response's body as they come. Raises SessionClosed."""
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode())
            status = int((await reader.readline()).split()[1])
            while (await reader.readline()).strip():
                pass
            if status != 200:
                raise SessionClosed(f"{path}: {status}")
            while line := await reader.readline():
                yield line.decode()
        finally:
            writer.close()
    except (OSError, TimeoutError, IndexError) as error:
        raise SessionClosed(str(error)) from None


async def ask(port: int, method: str, path: str, body: str = "") -> tuple[int, bytes]:
    """Status and body of one request. Raises SessionClosed."""
    media_type = "application/x-www-form-urlencoded" if body.startswith("d=") else "text/plain"
    fields = f"Host: 127.0.0.1\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
    head = f"{method} {path} HTTP/1.0\r\n{fields}\r\n"
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write((head + body).encode())
            answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]
    except (OSError, TimeoutError, IndexError) as error:
        raise SessionClosed(str(error)) from None


async def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    return await ask(port, "GET", path)


async def opened(port: int, transport: str) -> Session:
    """A new session over a transport. Raises SessionClosed."""
    http = HTTP_TRANSPORTS.get(transport)
    if http is not None:
        return HttpSession(port, http)
    path = "websocket" if transport == "raw" else f"000/{token_hex(8)}/websocket"
    try:
        socket = await connect(f"ws://127.0.0.1:{port}/chat/{path}", open_timeout=SECONDS, close_timeout=2)
    except (OSError, WebSocketException, TimeoutError) as error:
        raise SessionClosed(str(error)) from None
    return WebSocketSession(socket, transport != "raw")


def _xhr(line: str) -> Iterator[str]:
    yield line.rstrip("\n")


def _event(line: str) -> Iterator[str]:
    if line.startswith("data: "):
        yield unquote(line[6:].rstrip("\r\n"))


def _script(line: str) -> Iterator[str]:
    # The frame is a JavaScript string, which JSON reads.
    found = re.search(r'(?:^p|^/\*\*/x)\((".*")\);', line)
    if found:
        yield json.loads(found[1])


HTTP_TRANSPORTS: Final = {
    "xhr_streaming": HttpTransport("xhr_streaming", "POST", _xhr),
    "xhr": HttpTransport("xhr", "POST", _xhr),
    "eventsource": HttpTransport("eventsource", "GET", _event),
    "htmlfile": HttpTransport("htmlfile?c=x", "GET", _script),
    "jsonp": HttpTransport("jsonp?c=x", "GET", _script, "jsonp_send"),
}
TRANSPORTS: Final = ("websocket", "raw", *HTTP_TRANSPORTS)
