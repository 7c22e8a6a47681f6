"""People in rooms on raw sockets: they count acknowledgements by their marker, and parse nothing."""

import asyncio
from collections.abc import Callable
from typing import Final

from bench.protocol import PLAIN, client_frame
from bench.rooms import RoomDialect

__all__ = ["Speaker", "enter"]

ENTER_SECONDS: Final = 60.0

# An empty one, which no text has in it, and the client's answer (RFC 6455 section 5.5).
PING: Final = b"\x89\x00"
PONG: Final = b"\x8a\x80" + bytes(4)


class Speaker(asyncio.Protocol):
    """Somebody who is inside a room, or about to enter it."""

    def __init__(self, dialect: RoomDialect) -> None:
        self._dialect = dialect
        self._marker = dialect.said.encode()
        self._tail = b""
        self._wanted = b""
        self._is_inside = False
        self._came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        # Called with the number of acknowledgements that have come.
        self.acknowledged: Callable[[int], object] = lambda count: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._tail + data
        if self._wanted and self._wanted in data:
            self._wanted = b""
            self._came.set_result(None)
        if PING in data:
            self.transport.write(PONG)
        count = data.count(self._marker)
        # Shorter than a marker, so that none is counted twice.
        self._tail = data[1 - len(self._marker) :] if self._is_inside else data
        if count:
            self.acknowledged(count)

    def say(self, room: str, text: str) -> None:
        """Say something in a room."""
        self.transport.write(client_frame(self._dialect.say(room, text).encode(), PLAIN))

    async def enter(self, name: str, room: str, host: str) -> None:
        """Open the connection and enter a room; returns when that is acknowledged."""
        await self._exchange(PLAIN.request(self._dialect.path, name, host), "\r\n\r\n")
        for text, wanted in self._dialect.enter(name, room):
            await self._exchange(client_frame(text.encode(), PLAIN) if text else b"", wanted)
        self._tail, self._is_inside = b"", True

    async def _exchange(self, frame: bytes, wanted: str) -> None:
        self._wanted = wanted.encode()
        self._came = asyncio.get_running_loop().create_future()
        self.transport.write(frame)
        if not frame:
            # What opens by itself may have come with the answer to the request.
            self.data_received(b"")
        async with asyncio.timeout(ENTER_SECONDS):
            await self._came


async def enter(port: int, dialect: RoomDialect, name: str, room: str) -> Speaker:
    """Somebody in a room of the server on this port of the loopback; close the transport at the end."""
    _, speaker = await asyncio.get_running_loop().create_connection(lambda: Speaker(dialect), "127.0.0.1", port)
    await speaker.enter(name, room, f"127.0.0.1:{port}")
    return speaker
