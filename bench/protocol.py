"""The bytes of the protocols: handshakes, masked frames (RFC 6455), SockJS frames, and numbered messages. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = [
    "EVENTSOURCE",
    "MARKER",
    "MARKER_BYTES",
    "PLAIN",
    "STREAM_END",
    "WEBSOCKET",
    "XHR_STREAMING",
    "ProtocolError",
    "Transport",
    "client_frame",
    "numbered",
    "numbers",
]

# Ends each message, and occurs nowhere else: not in the text around it, nor in a WebSocket header, which has at most
# two such bytes in a row. No start of it is also an end of it, so it cannot overlap itself.
MARKER: Final = b"<=~>"
MARKER_BYTES: Final = frozenset(MARKER[:-1])

# The last chunk of a chunked response, after the end of the chunk before it.
STREAM_END: Final = b"\r\n0\r\n\r\n"

KEY: Final = b"MDEyMzQ1Njc4OWFiY2RlZg=="


class ProtocolError(Exception):
    """A server sent something invalid, too little, or in the wrong order."""


@dataclass(frozen=True)
class Transport:
    """A SockJS transport, or a plain WebSocket.

    request: makes the opening request from a path such as /broadcast, a session's name and the host. status: of the
    answer. opened: the bytes after the head of the answer once the session is open. payloads: parses SockJS frames from
    the bytes after the head (for a stream: from one response with its head). wraps: whether messages are in such
    frames.
    """

    name: str
    request: Callable[[str, str, str], bytes]
    status: int
    opened: bytes
    payloads: Callable[[bytes], Iterator[bytes]]
    wraps: bool = True

    def messages(self, data: bytes) -> Iterator[bytes]:
        """The messages in the data, in order. Raises ProtocolError for frames other than array, open and heartbeat."""
        for payload in self.payloads(data):
            if not self.wraps:
                yield payload
            elif payload[:1] == b"a":
                yield from (message.encode() for message in json.loads(payload[1:]))
            elif payload not in (b"o", b"h"):
                raise ProtocolError(f"the server sent the frame {payload[:60]!r}")


def numbered(number: int, size: int) -> bytes:
    """A message of `size` bytes that carries its number and the marker."""
    return b"%08d" % number + b"x" * (size - 8 - len(MARKER)) + MARKER


def numbers(messages: Iterable[bytes]) -> list[int]:
    """The numbers in messages."""
    return [int(message[:8]) for message in messages]


def client_frame(message: bytes, transport: Transport) -> bytes:
    """A message in a client's WebSocket frame; the masking key is zero, so masking changes nothing."""
    data = b'["%s"]' % message if transport.wraps else message
    if len(data) < 126:
        return b"\x81" + bytes([0x80 | len(data)]) + bytes(4) + data
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


def _upgrade(path: str, host: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY.decode()}\r\n\r\n"
    ).encode()


def _ask_websocket(path: str, name: str, host: str) -> bytes:
    return _upgrade(f"{path}/000/{name}/websocket", host)


def _ask_plain(path: str, name: str, host: str) -> bytes:
    return _upgrade(path, host)


def _ask_xhr_streaming(path: str, name: str, host: str) -> bytes:
    return f"POST {path}/000/{name}/xhr_streaming HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode()


def _ask_eventsource(path: str, name: str, host: str) -> bytes:
    return f"GET {path}/000/{name}/eventsource HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def _frames(data: bytes) -> Iterator[bytes]:
    """The payloads of WebSocket text frames; ignores pings and pongs. Every message is one frame."""
    at = 0
    while at + 2 <= len(data):
        first, size, start = data[at], data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            start += width
            size = int.from_bytes(data[at + 2 : start], "big")
        if first == 0x81 and start + size <= len(data):
            yield data[start : start + size]
        elif first not in (0x81, 0x89, 0x8A):
            raise ProtocolError(f"the server sent a WebSocket frame that begins with {first:#x}")
        at = start + size
    if at != len(data):
        raise ProtocolError("the last WebSocket frame is cut off")


def _body(response: bytes) -> bytes:
    """The body of a response, chunked or not; the last chunks may still be missing."""
    head, _, rest = response.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    body = bytearray()
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return bytes(body)


def _xhr_lines(response: bytes) -> Iterator[bytes]:
    # The prelude is 2048 times h and a newline.
    return (line for line in _body(response).split(b"\n") if line and line.strip(b"h"))


def _events(response: bytes) -> Iterator[bytes]:
    lines = _body(response).replace(b"\r\n", b"\n").split(b"\n")
    return (line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:"))


WEBSOCKET: Final = Transport("websocket", _ask_websocket, 101, b"\x81\x01o", _frames)
PLAIN: Final = Transport("plain websocket", _ask_plain, 101, b"", _frames, wraps=False)
XHR_STREAMING: Final = Transport("xhr_streaming", _ask_xhr_streaming, 200, b"o\n", _xhr_lines)
EVENTSOURCE: Final = Transport("eventsource", _ask_eventsource, 200, b"data: o\r\n", _events)
