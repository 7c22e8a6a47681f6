"""The header fields of all our pages: what a browser may do with them, and which other sites may read the API."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final

from mixsvc.answers.answer import Answer, Pairs
from mixsvc.common.http_grammar import is_host, normal_origin

__all__ = ["HEADERS", "POLICY", "PagePolicy", "ReadingSites", "content_policy", "is_api"]

# The name of the field that says what a page may load (CSP level 3).
POLICY: Final = "Content-Security-Policy"

HEADERS: Final = {
    # frame-src is for SockJS's iframe transports; each response adds its own WebSocket to connect-src.
    POLICY: "; ".join(
        [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "frame-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    # A page that opens ours, or that ours opens, gets no reference to it.
    "Cross-Origin-Opener-Policy": "same-origin",
    # Our scripts use none of these, so an injected one may not either.
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_OTHERS: Final = tuple((name, value) for name, value in HEADERS.items() if name != POLICY)


@lru_cache(256)
def content_policy(host: str, scheme: str, style: str = "") -> str:
    """Returns the policy with the origin of our WebSocket, as some browsers do not count it as 'self'.

    host: the Host header; one with other characters than those of a host is left out. style: the source of a style
    that is inside the page (CSP level 3 section 2.3.1), such as 'sha256-…' with its quotes.
    """
    policy = HEADERS[POLICY]
    if style:
        policy = policy.replace("style-src 'self'", f"style-src 'self' {style}")
    if not is_host(host):
        return policy
    socket = f"{'wss' if scheme == 'https' else 'ws'}://{host}"
    return policy.replace("connect-src 'self'", f"connect-src 'self' {socket}")


def is_api(path: str) -> bool:
    """Returns whether a path, below the one where our pages are, is of the API."""
    return path == "/api" or path.startswith("/api/")


class ReadingSites:
    """The other sites whose pages may use the API. Any thread."""

    def __init__(self, origins: Collection[str]) -> None:
        """origins: "*" is every site, without cookies."""
        self._listed = {normal_origin(each) for each in origins} - {"*"}
        self._is_open = "*" in origins

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._listed or self._is_open)

    def has(self, origin: str) -> bool:
        """Returns whether pages of an origin are among them."""
        return self._is_open or normal_origin(origin) in self._listed

    def fields(self, origin: str) -> Mapping[str, str]:
        """Returns what lets pages of the origin read a response: with cookies if it is listed, else without."""
        if normal_origin(origin) in self._listed:
            return {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
        return {"Access-Control-Allow-Origin": "*"} if self._is_open else {}


class PagePolicy:
    """Adds these fields to answers, as the Flask app of our pages does to its responses. Any thread."""

    def __init__(self, sites: ReadingSites) -> None:
        self._sites = sites

    def applied(self, answer: Answer, headers: Mapping[str, str], scheme: str, for_api: str) -> Answer:
        """Returns the answer with all fields.

        headers, scheme: see Asked. for_api: the path, see is_api.
        """
        fields = answer.fields
        if self._sites and is_api(for_api):
            readers = self._sites.fields(headers.get("origin", ""))
            fields = (*_varying(fields), *_encoded(tuple(readers.items())))
        return Answer(answer.status, (*fields, *_for_all(headers.get("host", ""), scheme)), answer.body)


def _varying(fields: Pairs) -> Pairs:
    vary = b", ".join([*(value for name, value in fields if name == b"Vary"), b"Origin"])
    return (*(pair for pair in fields if pair[0] != b"Vary"), (b"Vary", vary))


@lru_cache(256)
def _for_all(host: str, scheme: str) -> Pairs:
    return _encoded(((POLICY, content_policy(host, scheme)), *_OTHERS))


def _encoded(fields: tuple[tuple[str, str], ...]) -> Pairs:
    return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in fields)
