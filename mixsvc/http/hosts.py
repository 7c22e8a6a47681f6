"""The hosts for which a site answers, and another host in place of the one that a request names."""

import re
from collections.abc import Collection
from typing import Any, Final

from twisted.web.server import Request

__all__ = ["MISDIRECTED", "is_one_of", "replace_host"]

# What is said to a request for another host, with status 421.
MISDIRECTED: Final = b"This server does not answer for the host that the request names.\n"


def is_one_of(host: bytes | None, hosts: Collection[str]) -> bool:
    """Whether a Host header names one of the hosts, on any port; *.example.org stands for every name below it."""
    name = re.sub(rb":[0-9]*$", b"", host or b"").decode("latin-1").lower().rstrip(".")
    if name in hosts:
        return True
    # Each name above it, from the nearest on.
    labels = name.split(".")[1:]
    return any("*." + ".".join(labels[depth:]) in hosts for depth in range(len(labels)))


def replace_host(request: Request, host: bytes) -> None:
    """Put another host in place of the Host header."""
    # Requests with the same fields share their headers.
    request.requestHeaders = request.requestHeaders.copy()
    request.requestHeaders.setRawHeaders(b"host", [host])
    # A MixRequest has them in another form as well.
    found: Any = request
    if (sender := getattr(found, "sender", None)) is not None:
        found.sender = sender.with_host(host)
