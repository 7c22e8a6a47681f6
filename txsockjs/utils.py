"""Helpers for applications: UTF-8 from anything, and one message to many."""

from collections.abc import Iterable
from typing import Any

from txsockjs._frames import XHR, Message
from txsockjs._text import as_text

__all__ = ["broadcast", "normalize"]


def normalize(data: object, encoding: str) -> bytes:
    """UTF-8 from text, from bytes in UTF-8 (else in the encoding), or from what str() makes of any other object."""
    return as_text(data, encoding).encode("utf-8", "surrogatepass")


def broadcast(message: object, targets: Iterable[Any], encoding: str = "cp1252") -> None:
    """Send one message to every target, encoding it once; called in the reactor thread.

    message: text, or bytes as for normalize. targets: transports, or objects that have writeRaw(frame).
    """
    shared = Message(as_text(message, encoding))
    frame = None
    # A copy: what a target does may change the set.
    for target in tuple(targets):
        post = getattr(target, "post", None)
        if post is not None:
            post(shared)
        else:
            frame = frame or XHR.encode([shared])[:-1]
            target.writeRaw(frame)
