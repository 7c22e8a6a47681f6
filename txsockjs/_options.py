"""The options of a SockJS service: those of txsockjs 1.2.2 under their names, and the limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from txsockjs._errors import BadOption

__all__ = ["Options", "make_options"]


@dataclass(frozen=True)
class Options:
    """How one service behaves.

    websocket: whether WebSockets are offered.
    cookie_needed: whether a JSESSIONID cookie is set, for load balancers that need one.
    heartbeat: seconds without a frame after which one is sent. pong_timeout: seconds a WebSocket has to answer it.
    timeout: seconds a session waits for its next receiver. close_timeout: seconds a client has to answer a close.
    streaming_limit: bytes after which a streaming response ends and the client asks for the next.
    encoding: of bytes that the application writes and that are not UTF-8.
    sockjs_url: the client for the iframe page; it must be of the version that the embedding page uses.
    proxy_header: the header whose last item is the client's address; only behind a proxy that sets it.
    origins: origins that may connect and post; None: any; "self": the origin of the service's own URL.
    max_message: bytes of one message from a client. max_body: bytes of one posted body.
    max_outbox: bytes that wait for a client that does not read. max_sessions: sessions at one time.
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
    origins: frozenset[str] | None = field(default=None)
    max_message: int = 1024 * 1024
    max_body: int = 8 * 1024 * 1024
    max_outbox: int = 1024 * 1024
    max_sessions: int = 100_000


def make_options(given: Mapping[str, object] | None) -> Options:
    """Options from the dictionary that the factories take; BadOption for a name or a value that will not do."""
    values = dict(given or {})
    known = {each.name: each for each in fields(Options)}
    for name, value in values.items():
        if name not in known:
            raise BadOption(f"there is no option {name!r}; there are: {', '.join(known)}")
        _check(name, known[name].default, value)
    if values.get("origins") is not None:
        values["origins"] = _origins(values["origins"])
    return Options(**values)  # type: ignore[arg-type]  # each was checked against its default


def _check(name: str, default: object, value: object) -> None:
    if isinstance(default, bool):
        good, wanted = isinstance(value, bool), "True or False"
    elif isinstance(default, int | float):
        good, wanted = isinstance(value, int | float) and not isinstance(value, bool) and value > 0, "a number above 0"
    elif isinstance(default, str):
        good, wanted = isinstance(value, str), "text"
    else:
        return
    if not good:
        raise BadOption(f"option {name!r} is {value!r}; it must be {wanted}")


def _origins(value: object) -> frozenset[str]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise BadOption(f"option 'origins' is {value!r}; it must be a list of origins such as https://example.org")
    return frozenset(str(origin).lower() for origin in value)
