"""The chat's URL for a page whose chat listens on another port or host."""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, has_request_context, request
from werkzeug.exceptions import SecurityError

from mixsvc.answers.policy import HEADERS, POLICY
from mixsvc.common.http_grammar import HOST
from mixsvc.interfaces import IMix

__all__ = ["ChatUrl", "allow_chat_origin"]

# The host outside of a request, and in place of a Host header that does not match.
LOCALHOST: Final = "127.0.0.1"


class ChatUrl:
    """The URL of the SockJS endpoint for pages. Used in any thread."""

    def __init__(self, url: str, prefix: str) -> None:
        """url: the whole URL, if the settings give it; "": the chat is on another port of the page's own host.

        prefix: the chat's path, such as /chat.
        """
        self._url = url.rstrip("/")
        self._prefix = prefix

    def url(self, port: int | None) -> str:
        """The URL for the request that this thread answers.

        port: the chat's TCP port; None if it has none or it is not known, and then only the path is returned.
        """
        scheme, host = (request.scheme, _asked_host()) if has_request_context() else ("http", LOCALHOST)
        return self.url_for(port, scheme, host)

    def url_for(self, port: int | None, scheme: str, host: str) -> str:
        """The URL for a request with this scheme and Host. port: as above."""
        if self._url or port is None:
            return self._url or self._prefix
        # Nothing but a host's name may go into a page and a header.
        asked = HOST.fullmatch(host)
        name = asked["name"] if asked else LOCALHOST
        return f"{scheme}://{name}:{port}{self._prefix}"


def _asked_host() -> str:
    try:
        return request.host
    except SecurityError:
        # TRUSTED_HOSTS does not name it: the request gets 400, and its response goes through `allow` below.
        return LOCALHOST


def allow_chat_origin(app: Flask, mix: IMix) -> None:
    """Allow our pages to connect to the chat's origin, by their Content-Security-Policy.

    Call it once, before the first request.
    """

    def allow(response: Response) -> Response:
        # Only a page needs it, and reading mix.chat starts the service if it does not run yet.
        if response.mimetype == "text/html" and mix.chat is not None:
            response.headers[POLICY] = _with(response.headers.get(POLICY, HEADERS[POLICY]), mix.chat.prefix)
        return response

    app.after_request(allow)


def _with(policy: str, url: str) -> str:
    parts = urlsplit(url)
    if not parts.netloc:
        return policy
    page, socket = f"{parts.scheme}://{parts.netloc}", f"{parts.scheme.replace('http', 'ws')}://{parts.netloc}"
    # frame-src is for SockJS's iframe transports.
    there = {"connect-src": f"connect-src 'self' {page} {socket}", "frame-src": f"frame-src 'self' {page}"}
    return "; ".join(there.get(each.partition(" ")[0], each) for each in policy.split("; "))
