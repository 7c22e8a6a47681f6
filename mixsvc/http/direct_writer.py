"""Sending a whole response at once, past the transport's buffer.

A transport buffers what it is given and sends it when the reactor finds the socket writable, a turn later. A response
is sent sooner by giving it to the socket at once. That keeps the order of bytes only while nothing waits in the
transport. A transport does not say when its buffer is empty, unless it was full before. So we keep track of it: nothing
waits as long as all responses of a connection were sent in this way and the socket took each of them completely.
"""

from functools import lru_cache
from typing import Any

__all__ = ["DirectWriter", "whole_response"]


def _nothing() -> None:
    """Does nothing; stands in for a method of a transport without a socket."""


def _takes_nothing(data: bytes) -> int:
    """Returns 0: a transport without a socket takes no bytes at once."""
    return 0


class DirectWriter:
    """The writer of whole responses of one connection. Belongs to the reactor thread."""

    __slots__ = ("_is_plain", "_is_sent", "_may_send", "_transport")

    def __init__(self, transport: Any, is_secure: bool) -> None:
        """transport: of the connection. is_secure: whether it is TLS, which has yet to encrypt what is written."""
        self._transport = transport
        self._is_plain = not is_secure
        self._is_sent = True
        self._may_send = False

    def begin_response(self) -> None:
        """Another response begins; until `write` is called, whatever is written of it goes to the transport."""
        self._may_send, self._is_sent = self._is_sent, False

    def expect_buffered(self) -> None:
        """Something was written to the transport before the response."""
        self._may_send = False

    def write(self, data: bytes) -> None:
        """Write a whole response, and send as much of it at once as the socket takes."""
        transport = self._transport
        # A transport that is closing takes no further bytes.
        is_plain = self._is_plain and not getattr(transport, "disconnecting", True)
        rest = self._send(data) if is_plain and self._may_send else data
        self._is_sent = not rest
        if rest:
            transport.write(rest)
            if is_plain:
                getattr(transport, "doWrite", _nothing)()

    def _send(self, data: bytes) -> bytes:
        """Give the socket what it takes now. Returns the rest."""
        taken = getattr(self._transport, "writeSomeData", _takes_nothing)(data)
        # If this is an error, the reactor meets it again and handles it.
        return data[taken:] if isinstance(taken, int) and taken >= 0 else data


def whole_response(
    version: bytes,
    status: tuple[int, bytes],
    ours: tuple[tuple[bytes, bytes], ...],
    fields: tuple[tuple[bytes, bytes], ...],
    body: bytes,
) -> bytes:
    """A response in one piece. status: code and reason. fields: replace those of `ours` that have the same name.

    twisted.web would make a dictionary of headers and a list of pieces, each of which the transport reads more than
    once: that takes longer than the rest of this thread's work for a small page.
    """
    names, lines = _lines(fields)
    own_names, own_lines = _lines(ours)
    if not names.isdisjoint(own_names):
        _, own_lines = _lines(tuple(pair for pair in ours if pair[0].lower() not in names))
    return b"%b %d %b\r\n%b%b\r\n%b" % (version, *status, own_lines, lines, body)


@lru_cache(128)
def _lines(fields: tuple[tuple[bytes, bytes], ...]) -> tuple[frozenset[bytes], bytes]:
    """The names, in lower case, and the lines of header fields; most responses have some that were sent before."""
    return frozenset(name.lower() for name, _ in fields), b"".join([b"%b: %b\r\n" % pair for pair in fields])
