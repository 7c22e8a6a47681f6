"""HTTP/1.1 by hand on one connection: bytes are sent as they are given, and one response after the other is read."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import parse_headers
from types import TracebackType
from typing import IO, Any, Self

from tests.e2e.support.raw_http import opened

__all__ = ["Exchange", "Response"]


@dataclass(frozen=True)
class Response:
    """fields: names in lower case. is_whole: whether the body came to its end."""

    code: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool = True

    def field(self, name: str) -> str | None:
        """The value of a header; None without one."""
        return next((value for each, value in self.fields if each == name), None)

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Exchange:
    """One connection to a server on the loopback. AssertionError for what is no HTTP."""

    def __init__(self, port: int, receive_bytes: int = 0) -> None:
        """receive_bytes: see raw_http.opened."""
        self.socket = opened(port, receive_bytes)
        self._reader: IO[bytes] = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._reader.close()
        self.socket.close()

    def send(self, target: str, method: str = "GET", body: bytes | None = None, *fields: str) -> None:
        """Send one request with these header lines, and a Content-Length if there is a body."""
        lines = [f"{method} {target} HTTP/1.1", "Host: here", *fields]
        lines += [] if body is None else [f"Content-Length: {len(body)}"]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    def send_chunks(self, target: str, chunks: Iterable[bytes]) -> None:
        """Send a POST, its body chunk by chunk."""
        self.socket.sendall(f"POST {target} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for chunk in (*filter(None, chunks), b""):
            self.socket.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    def ask(self, target: str, method: str = "GET", body: bytes | None = None, *fields: str) -> Response:
        """The response to one request."""
        self.send(target, method, body, *fields)
        return self.receive(method)

    def head(self) -> Response:
        """The next head, also of 100 Continue, without its body."""
        line = self._reader.readline()
        assert line.startswith(b"HTTP/1.") and line.endswith(b"\r\n"), line
        _, code, reason = line.decode("latin-1").rstrip("\r\n").split(" ", 2)
        fields = parse_headers(self._reader).items()
        return Response(int(code), reason, tuple((name.lower(), value) for name, value in fields), b"")

    def receive(self, method: str = "GET") -> Response:
        """The next response; method: of its request."""
        head = self.head()
        body, is_whole = b"", True
        length = head.field("content-length")
        if method == "HEAD" or head.code in (204, 304):
            pass
        elif head.field("transfer-encoding") == "chunked":
            body, is_whole = self._chunks()
        elif length is not None:
            body = self.read(int(length))
            is_whole = len(body) == int(length)
        else:
            body = self.read()
        return Response(head.code, head.reason, head.fields, body, is_whole)

    def read(self, size: int = -1) -> bytes:
        """So many bytes of what follows; fewer, or all for -1, if the server closes the connection."""
        try:
            return self._reader.read(size)
        except ConnectionResetError:
            return b""

    def _chunks(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        while line := self._reader.readline():
            size = int(line, 16)
            part = self.read(size + 2)
            if len(part) < size + 2:
                break
            if not size:
                return b"".join(parts), True
            parts.append(part[:-2])
        return b"".join(parts), False
