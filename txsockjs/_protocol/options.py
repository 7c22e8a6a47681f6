"""The options of a SockJS service: those of txsockjs 1.2.2 under their names, and the limits."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from txsockjs._protocol.errors import BadOption

__all__ = ["Options", "make_options"]


@dataclass(frozen=True)
class Options:
    """How one service behaves.

    websocket: whether WebSockets are offered.
    cookie_needed: whether a JSESSIONID cookie is set, for load balancers that need one.
    heartbeat: seconds without a frame after which one is sent. pong_timeout: seconds a WebSocket has to answer it.
    timeout: seconds a session waits for its next receiver; it may take 1/64 of a second longer, as a heartbeat may.
    close_timeout: seconds a client has to answer a close.
    streaming_limit: bytes after which a streaming response ends and the client asks for the next.
    encoding: of bytes that the application writes and that are not UTF-8.
    sockjs_url: the client for the iframe page; it must be of the version that the embedding page uses.
    proxy_header: the header whose last item is the client's address; only behind a proxy that sets it.
    origins: origins that may connect and post; None: any; "self": the origin of the service's own URL.
    messages_per_frame: messages that leave in one frame at most.
    max_message: bytes of one message from a client. max_messages: messages from a client that wait for the
    application.
    max_body: bytes of one posted body.
    max_outbox: bytes that wait for a client: its messages as JSON, and 160 bytes for each, but for the oldest, so that
    any one fits. With more it is closed with 1008 when more comes and it has taken nothing for 5 seconds, or at once
    with 4 times as much. A producer is paused at half of it.
    max_sessions: sessions at one time.
    max_sessions_per_address: of one client's address (IPv6: of its /64 network); behind a proxy all have that of
    the proxy, unless proxy_header is set.
    deflate: whether WebSocket messages may be compressed (permessage-deflate): less traffic for more work.
    hixie76: whether the WebSockets of 2010 are answered, too; only the protocol's own tests still speak them.
    """

    websocket: bool = True
    cookie_needed: bool = False
    heartbeat: float = 25
    pong_timeout: float = 10
    timeout: float = 5
    close_timeout: float = 5
    streaming_limit: int = 128 * 1024
    encoding: str = "cp1252"
    sockjs_url: str = "https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js"
    proxy_header: str | None = None
    origins: frozenset[str] | None = None
    max_message: int = 1024 * 1024
    messages_per_frame: int = 512
    max_messages: int = 10_000
    max_body: int = 8 * 1024 * 1024
    max_outbox: int = 1024 * 1024
    max_sessions: int = 100_000
    max_sessions_per_address: int = 10_000
    deflate: bool = False
    hixie76: bool = False


def make_options(given: Mapping[str, object] | None) -> Options:
    """Options from the dictionary that the factories take; BadOption for a name or a value that will not do."""
    known = {each.name: each.type for each in fields(Options)}
    values: dict[str, Any] = {}
    for name, value in (given or {}).items():
        if name not in known:
            raise BadOption(f"there is no option {name!r}; there are: {', '.join(known)}")
        if not _is_good(known[name], value):
            raise BadOption(f"option {name!r} is {value!r}; it must be {WANTED[known[name]]}")
        values[name] = value
    if values.get("origins") is not None:
        values["origins"] = frozenset(origin.lower() for origin in values["origins"])
    options = Options(**values)
    _check_meaning(options)
    return options


# Serialised as browsers do it (RFC 6454 section 6.2): they leave out a port that goes without saying.
ORIGIN: Final = r"self|null|\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?"

WANTED: Final[Mapping[object, str]] = {
    bool: "True or False",
    int: "a whole number above 0",
    float: "a number above 0",
    str: "text",
    str | None: "text or None",
    frozenset[str] | None: "a list such as ['self', 'https://example.org'], or None",
}


def _is_good(kind: object, value: object) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and math.isfinite(value) and value > 0
    if kind is str:
        return isinstance(value, str)
    if value is None or kind == str | None:
        return value is None or isinstance(value, str)
    return isinstance(value, Iterable) and not isinstance(value, str) and all(isinstance(each, str) for each in value)


def _check_meaning(options: Options) -> None:
    try:
        # Some codecs make no text of bytes.
        b"a".decode(options.encoding, "replace")
    except LookupError:
        raise BadOption(f"option 'encoding' is {options.encoding!r}, which Python does not know") from None
    if not options.sockjs_url.startswith(("/", "http://", "https://")):
        raise BadOption(f"option 'sockjs_url' is {options.sockjs_url!r}; it must start with / or http")
    if options.proxy_header is not None and not re.fullmatch(r"[A-Za-z0-9-]+", options.proxy_header):
        raise BadOption(f"option 'proxy_header' is {options.proxy_header!r}; give a name such as X-Forwarded-For")
    for origin in options.origins or ():
        # It goes into a header, where a space or a semicolon would end it.
        if not re.fullmatch(ORIGIN, origin):
            raise BadOption(f"option 'origins' has {origin!r}; an origin looks like https://example.org")
