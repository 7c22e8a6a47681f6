"""A chat client's connection over each of the transports, on asyncio; HTTP/1.0, so that a stream ends with its
connection."""

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

__all__ = ["TRANSPORTS", "Closed", "Link", "get", "opened"]

SECONDS: Final = 20.0


class Closed(Exception):
    """The session or its connection is over."""


class Link(Protocol):
    """One session."""

    is_open: asyncio.Event

    async def send(self, text: str) -> None:
        """Send one message, once it is open. Raises Closed."""

    async def receive(self) -> str:
        """The next message. Raises Closed."""

    async def close(self) -> None:
        """Leave without a word."""


class Frames:
    """Takes SockJS frames apart."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self.is_open = asyncio.Event()

    def take(self, frame: str) -> None:
        """Raises Closed for a close frame."""
        self.is_open.set()
        if frame[:1] == "a":
            self._waiting += json.loads(frame[1:])
        elif frame[:1] == "c":
            raise Closed(frame)

    def next(self) -> str | None:
        """The oldest message that came."""
        return self._waiting.pop(0) if self._waiting else None


class WebSocketLink:
    """Over a WebSocket, with SockJS frames or without."""

    def __init__(self, socket: ClientConnection, is_framed: bool) -> None:
        self.socket = socket
        self._is_framed = is_framed
        self._frames = Frames()
        self.is_open = self._frames.is_open
        if not is_framed:
            self.is_open.set()

    async def send(self, text: str) -> None:
        """See Link."""
        try:
            await self.socket.send(json.dumps([text]) if self._is_framed else text)
        except WebSocketException as error:
            raise Closed(str(error)) from None

    async def receive(self) -> str:
        """See Link."""
        while (message := self._frames.next()) is None:
            try:
                text = str(await self.socket.recv())
            except WebSocketException as error:
                raise Closed(str(error)) from None
            if not self._is_framed:
                return text
            self._frames.take(text)
        return message

    async def close(self) -> None:
        """See Link."""
        await self.socket.close()


@dataclass(frozen=True)
class Kind:
    """An HTTP transport: how frames come, and how what is sent goes."""

    receive: str
    method: str
    frames: Callable[[str], Iterator[str]]
    send: str = "xhr_send"


class HttpLink:
    """Over HTTP: a stream or polls one way, posts the other."""

    def __init__(self, port: int, kind: Kind) -> None:
        self._port = port
        self._kind = kind
        self._session = f"/chat/000/{token_hex(8)}"
        self._frames = Frames()
        self.is_open = self._frames.is_open
        self._lines: AsyncIterator[str] | None = None

    async def send(self, text: str) -> None:
        """See Link."""
        body = json.dumps([text])
        if self._kind.send == "jsonp_send":
            body = "d=" + quote(body)
        status, _ = await ask(self._port, "POST", f"{self._session}/{self._kind.send}", body)
        if status not in (200, 204):
            raise Closed(f"{self._kind.send}: {status}")

    async def receive(self) -> str:
        """See Link."""
        while (message := self._frames.next()) is None:
            if self._lines is None:
                self._lines = stream(self._port, self._kind.method, f"{self._session}/{self._kind.receive}")
            try:
                line = await anext(self._lines)
            except StopAsyncIteration:
                # A poll was answered, or a stream is full.
                self._lines = None
                continue
            for frame in self._kind.frames(line):
                self._frames.take(frame)
        return message

    async def close(self) -> None:
        """See Link."""
        lines, self._lines = self._lines, None
        if lines is not None:
            with suppress(RuntimeError):
                await lines.aclose()  # type: ignore[attr-defined]  # it is a generator


async def stream(port: int, method: str, path: str) -> AsyncIterator[str]:
    """The lines of a response's body as they come. Raises Closed."""
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode())
            status = int((await reader.readline()).split()[1])
            while (await reader.readline()).strip():
                pass
            if status != 200:
                raise Closed(f"{path}: {status}")
            while line := await reader.readline():
                yield line.decode()
        finally:
            writer.close()
    except (OSError, TimeoutError, IndexError) as error:
        raise Closed(str(error)) from None


async def ask(port: int, method: str, path: str, body: str = "") -> tuple[int, bytes]:
    """Status and body of one request. Raises Closed."""
    kind = "application/x-www-form-urlencoded" if body.startswith("d=") else "text/plain"
    head = f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write((head + body).encode())
            answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]
    except (OSError, TimeoutError, IndexError) as error:
        raise Closed(str(error)) from None


async def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    return await ask(port, "GET", path)


async def opened(port: int, transport: str) -> Link:
    """A new session over a transport. Raises Closed."""
    kind = HTTP.get(transport)
    if kind is not None:
        return HttpLink(port, kind)
    path = "websocket" if transport == "raw" else f"000/{token_hex(8)}/websocket"
    try:
        socket = await connect(f"ws://127.0.0.1:{port}/chat/{path}", open_timeout=SECONDS, close_timeout=2)
    except (OSError, WebSocketException, TimeoutError) as error:
        raise Closed(str(error)) from None
    return WebSocketLink(socket, transport != "raw")


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


HTTP: Final = {
    "xhr_streaming": Kind("xhr_streaming", "POST", _xhr),
    "xhr": Kind("xhr", "POST", _xhr),
    "eventsource": Kind("eventsource", "GET", _event),
    "htmlfile": Kind("htmlfile?c=x", "GET", _script),
    "jsonp": Kind("jsonp?c=x", "GET", _script, "jsonp_send"),
}
TRANSPORTS: Final = ("websocket", "raw", *HTTP)
