"""Where a page finds a chat that does not listen on the page's own port."""

import re
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, has_request_context, request

from mixsvc.interfaces import IMix
from mixsvc.pages.app import HEADERS

__all__ = ["Elsewhere", "allow_chat"]

POLICY: Final = "Content-Security-Policy"
# What goes into a page and a header: a host and nothing else.
HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
# Where nobody asks, there is this machine.
LOCAL: Final = "127.0.0.1"


class Elsewhere:
    """The chat's URL for pages. May be used in any thread."""

    def __init__(self, url: str, prefix: str) -> None:
        """url: the chat's, where the settings say so; empty: another port of the host that the page came from."""
        self._url = url.rstrip("/")
        self._prefix = prefix

    def url(self, port: int | None) -> str:
        """The SockJS endpoint for the request that a Flask view answers in this thread.

        port: the chat's, as far as it is known and has one; else the path alone.
        """
        if self._url or port is None:
            return self._url or self._prefix
        scheme, host = (request.scheme, request.host) if has_request_context() else ("http", LOCAL)
        asked = HOST.fullmatch(host)
        return f"{scheme}://{asked[1] if asked else LOCAL}:{port}{self._prefix}"


def allow_chat(app: Flask, mix: IMix) -> None:
    """Let the pages of our app connect to the chat, wherever it is. Call it once, before the first request."""

    def allow(response: Response) -> Response:
        # Only a page needs it, and asking starts what has not been started.
        if response.mimetype == "text/html" and mix.chat is not None:
            response.headers[POLICY] = _with(HEADERS[POLICY], mix.chat.prefix)
        return response

    app.after_request(allow)


def _with(policy: str, url: str) -> str:
    parts = urlsplit(url)
    if not parts.netloc:
        return policy
    page, socket = f"{parts.scheme}://{parts.netloc}", f"{parts.scheme.replace('http', 'ws')}://{parts.netloc}"
    # The other one is for SockJS's iframe transports.
    more = {"connect-src": f" {page} {socket}", "frame-src": f" {page}"}
    return "; ".join(each + more.get(each.partition(" ")[0], "") for each in policy.split("; "))
