"""Paths of incoming webhooks, which have a secret: what may be logged of them. Pure."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

__all__ = ["request_name", "without_hook_secret"]

# Wherever our pages are, and as lenient as a router that joins slashes.
_SECRET: Final = re.compile(rb"(?i)(/api/+hooks/+)[^?#]+")

_HIDDEN: Final = rb"\1***"


def without_hook_secret(path: bytes) -> bytes:
    """Returns a path or URL as it came, or with *** in place of the secret of an incoming webhook."""
    if b"/api/" not in path and b"%" not in path:
        return path
    # Any character of it may have come as %XX.
    plain = unquote_to_bytes(path) if b"%" in path else path
    return _SECRET.sub(_HIDDEN, plain) if _SECRET.search(plain) else path


def request_name(method: str, path: str) -> str:
    """Returns what logs call a request, such as GET /, without the secret of a webhook.

    path: as it came or as in an environ (PEP 3333), bytes as Latin-1.
    """
    return f"{method} {without_hook_secret(path.encode('latin-1')).decode('latin-1')}"
