"""The options of a SockJS service: those of txsockjs 1.2.2, under the same names, and its limits."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from txsockjs._protocol.errors import BadOption
from txsockjs._protocol.origins import normal_origin

__all__ = ["Options", "make_options"]


@dataclass(frozen=True)
class Options:
    """How one service behaves.

    websocket: whether WebSockets are offered.
    cookie_needed: whether a JSESSIONID cookie is set, for load balancers that need one.
    heartbeat: seconds without a frame after which a heartbeat is sent.
    pong_timeout: seconds in which a WebSocket must answer a ping, which is sent every `heartbeat` seconds whatever else
    is sent, and the system of a client that streams must acknowledge something.
    timeout: seconds that a session waits for its next receiver. This and a heartbeat may be 1/64 s late.
    close_timeout: seconds in which a client must answer a close frame of a WebSocket.
    streaming_limit: bytes after which a streaming response ends and the client asks for the next.
    encoding: decodes bytes that the application writes and that are not UTF-8.
    sockjs_url: the client for the iframe page; of the same version as the client in the embedding page.
    proxy_header: the header whose last item is the client's address; only behind a proxy that sets it.
    origins: the origins that may connect and post; None: any; "self": the origin of the service's own URL,
    with its scheme where that is known (see txsockjs.interfaces.IRequestScheme).
    messages_per_frame: the most messages that leave in one frame.
    max_message: bytes of one message from a client.
    max_messages: messages from one client that wait for the application.
    max_body: bytes of the body of a POST.
    max_outbox: bytes of the messages that wait for a client: their JSON and 160 bytes for each, not counting the
    oldest message, so that any single message fits. The session is closed with 1008 when a message is added to a full
    outbox and the client has acknowledged nothing for 5 seconds, or at once at 4 times as much. A producer is paused
    at half of it.
    max_sessions: sessions at one time.
    max_sessions_per_address: sessions at one time of one client address (IPv6: of one /64 network). Behind a proxy all
    clients have the address of the proxy, unless proxy_header is set.
    deflate: whether WebSocket messages may be compressed (permessage-deflate, RFC 7692): less traffic, more work.
    hixie76: whether the WebSockets of 2010 are answered; today only the protocol's own tests use them.
    same_owner: a function of a session's protocol and of a later request of that session. It returns whether the
    request comes from the client that opened the session (see txsockjs._http.ownership); None: every request that has
    the session's name does.
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
    same_owner: Callable[..., Any] | None = None


def make_options(given: Mapping[str, object] | None) -> Options:
    """Options from the dictionary that the factories take.

    Raises BadOption for an unknown name or a value not valid.
    """
    known = {each.name: each.type for each in fields(Options)}
    values: dict[str, Any] = {}
    for name, value in (given or {}).items():
        if name not in known:
            raise BadOption(f"there is no option {name!r}; the options are {', '.join(known)}")
        if not _is_valid(known[name], value):
            raise _bad(name, value, VALID_VALUES[known[name]])
        values[name] = value
    if values.get("origins") is not None:
        values["origins"] = frozenset(normal_origin(origin) for origin in values["origins"])
    options = Options(**values)
    _check_meaning(options)
    return options


# As browsers write an origin (RFC 6454 section 6.2), without the default port of its scheme.
ORIGIN: Final = r"self|null|\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?"

VALID_VALUES: Final[Mapping[object, str]] = {
    bool: "True or False",
    int: "a whole number above 0",
    float: "a number above 0",
    str: "text",
    str | None: "text or None",
    Callable[..., Any] | None: "a function of a protocol and a request, or None",
    frozenset[str] | None: "a list such as ['self', 'https://example.org'], or None",
}


def _is_valid(kind: object, value: object) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and math.isfinite(value) and value > 0
    if kind is str:
        return isinstance(value, str)
    if kind == Callable[..., Any] | None:
        return value is None or callable(value)
    if value is None or kind == str | None:
        return value is None or isinstance(value, str)
    return isinstance(value, Iterable) and not isinstance(value, str) and all(isinstance(each, str) for each in value)


def _check_meaning(options: Options) -> None:
    try:
        # Python knows codecs that do not decode bytes to text, and some that do not take all bytes, such as idna.
        bytes(range(256)).decode(options.encoding, "replace")
    except (LookupError, ValueError):
        raise _bad("encoding", options.encoding, "an encoding of text that Python knows, such as 'cp1252'") from None
    if not options.sockjs_url.startswith(("/", "./", "../", "http://", "https://")):
        raise _bad("sockjs_url", options.sockjs_url, "a URL that begins with /, ./, ../, http:// or https://")
    if options.proxy_header is not None and not re.fullmatch(r"[A-Za-z0-9-]+", options.proxy_header):
        raise _bad("proxy_header", options.proxy_header, "the name of a header, such as X-Forwarded-For")
    for origin in options.origins or ():
        # The origin goes into a header, where a space or a semicolon would end it.
        if not re.fullmatch(ORIGIN, origin):
            raise BadOption(
                f"option 'origins' has {origin!r}, which is not valid: give one such as https://example.org"
            )


def _bad(name: str, value: object, wanted: str) -> BadOption:
    return BadOption(f"option {name!r} is {value!r}, which is not valid: give {wanted}")
