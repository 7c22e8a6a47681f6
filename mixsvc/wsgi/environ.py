"""The WSGI environ of a request (PEP 3333): this module is the only one that makes an environ.

A view gets one from `make_environ`, a chat's authenticator one from `make_connection_environ`. Both come from the same
code, so that an authenticator sees a client as a view does.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from io import SEEK_END, BytesIO
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.logger import Logger

from mixsvc.http.forwarded import DIRECT, ConnectionEnds, Sender
from mixsvc.http.head import HeaderFields
from mixsvc.http.page_request import PageRequest, ViewRequest
from mixsvc.interfaces.environ import REMOVED_PREFIX
from mixsvc.wsgi.file_wrapper import FileWrapper

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from twisted.web.server import Request

__all__ = [
    "EnvironTexts",
    "ErrorLog",
    "KeptTexts",
    "connection_texts",
    "environ_of_child",
    "environ_texts",
    "make_connection_environ",
    "make_environ",
]

# An unfinished line of wsgi.errors is logged once it has more characters than this.
LINE_CHARS: Final = 8192

# CGI (RFC 3875) gives these two keys no HTTP_ prefix.
WITHOUT_PREFIX: Final = frozenset(("CONTENT_TYPE", "CONTENT_LENGTH"))

# The texts of requests whose method and URL have at most so many bytes are cached.
CACHED_BYTES: Final = 256

# The addresses that have a port.
INTERNET: Final = (IPv4Address, IPv6Address)

HOST: Final = re.compile(r"(\[[^]]*\]|[^:]*)(?::[0-9]*)?")

# The same for every request.
CONSTANTS: Final[dict[str, object]] = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.file_wrapper": FileWrapper,
    # Not in PEP 3333. It tells Werkzeug that the end of the input is the end of the body.
    "wsgi.input_terminated": True,
}


class ErrorLog:
    """wsgi.errors of one request: each line becomes one event of the log. Used in the request's thread."""

    _log = Logger("mixsvc.web")
    _unfinished = ""

    def write(self, text: str) -> int:
        """Log the complete lines of the text and keep the rest for the next call."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        for line in lines:
            if line:
                self._log.error("wsgi: {line}", line=line)
        if len(self._unfinished) > LINE_CHARS:
            self.flush()
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write the lines one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log the unfinished line."""
        line, self._unfinished = self._unfinished, ""
        if line:
            self._log.error("wsgi: {line}", line=line)


class EnvironTexts(NamedTuple):
    """All that is text in an environ. of_sender: what all requests of a sender have. of_request: the rest."""

    of_sender: "KeptTexts"
    of_request: "KeptTexts"

    def together(self) -> dict[str, str]:
        """Both in one; may be changed."""
        return {**self.of_sender.texts, **self.of_request.texts}


class KeptTexts:
    """Texts that are not to be changed. encoded: what mixsvc.wsgi.children has made of them; empty at first."""

    __slots__ = ("encoded", "texts")

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.encoded = b""


def make_environ(request: "Request | ViewRequest") -> "WSGIEnvironment":
    """The environ of a complete request, for a view; called in the reactor thread.

    All text is ISO-8859-1: each character is one byte that the client sent. wsgi.input is the request's content itself.
    """
    of_sender, of_request = environ_texts(request)
    return {
        **of_sender.texts,
        **of_request.texts,
        **CONSTANTS,
        "wsgi.input": request.content,
        "wsgi.errors": ErrorLog(),
    }


def environ_texts(request: "Request | ViewRequest") -> EnvironTexts:
    """All that is text in the environ of a complete request; called in the reactor thread."""
    sender = _sender_of(request)
    texts = _texts(request, sender, _joined(request.prepath), _joined(request.postpath))
    if sender.fields.body_length is None:
        # The body came in chunks, and is complete here.
        content = request.content
        assert content is not None
        content.seek(0, SEEK_END)
        length = {"CONTENT_LENGTH": str(content.tell())}
        content.seek(0)
        return EnvironTexts(texts.of_sender, KeptTexts(texts.of_request.texts | length))
    return texts


def environ_of_child(texts: dict[str, str], content: IO[bytes]) -> "WSGIEnvironment":
    """The environ of a view in a process of its own; texts: what `environ_texts` returned in the service, together."""
    environ = _completed(texts, content)
    environ["wsgi.multiprocess"] = True
    return environ


def make_connection_environ(request: "Request") -> "WSGIEnvironment":
    """The environ of a request that opens a chat connection, for the authenticator; called in the reactor thread.

    It equals what a view would get for the same request, with these differences, since the body belongs to the chat:
    wsgi.input is empty, and there are no CONTENT_TYPE and CONTENT_LENGTH. wsgi.errors is an ErrorLog of its own. Nobody
    can be held by it, so there is no mixsvc.holds; and the connection is the chat's, so there is no werkzeug.socket.
    """
    return _completed(connection_texts(request), BytesIO())


def connection_texts(request: "Request") -> dict[str, str]:
    """All that is text in the environ of a request that opens a chat connection; called in the reactor thread."""
    # The chat's resources have moved every segment from postpath to prepath; a view has them all in PATH_INFO.
    path = _joined([*(request.prepath or []), *(request.postpath or [])])
    texts = _texts(request, _sender_of(request), "", path).together()
    for key in WITHOUT_PREFIX:
        texts.pop(key, None)
    return texts


def _completed(texts: dict[str, Any], content: IO[bytes] | None) -> dict[str, Any]:
    """The texts with all that is no text."""
    texts.update(CONSTANTS)
    texts["wsgi.input"] = content
    texts["wsgi.errors"] = ErrorLog()
    return texts


def _texts(request: "Request | ViewRequest", sender: Sender, script_name: str, path_info: str) -> EnvironTexts:
    if sender.kept is None:
        sender.kept = KeptTexts(_of_sender(sender))
    is_short = len(request.method) + len(request.uri) <= CACHED_BYTES
    of_request = _cached_of_request if is_short else _of_request
    return EnvironTexts(
        sender.kept,
        of_request(request.method, sender.prefix + script_name, path_info, request.uri, request.clientproto),
    )


def _of_request(method: bytes, script_name: str, path_info: str, uri: bytes, version: bytes) -> KeptTexts:
    texts = {
        "REQUEST_METHOD": method.decode("latin-1"),
        "SCRIPT_NAME": script_name,
        "PATH_INFO": path_info,
        "QUERY_STRING": uri.partition(b"?")[2].decode("latin-1"),
        "SERVER_PROTOCOL": version.decode("latin-1"),
    }
    return KeptTexts(texts)


# Clients ask for the same again and again.
_cached_of_request = lru_cache(512)(_of_request)


def _sender_of(request: "Request | ViewRequest") -> Sender:
    found: Sender | None = getattr(request, "sender", None)
    if found is not None or isinstance(request, PageRequest):
        assert found is not None
        return found
    # A request of another server than ours has none.
    headers = request.requestHeaders
    pairs = tuple((name, value) for name, values in headers.getAllRawHeaders() for value in values)
    fields = HeaderFields.of(b"", pairs, None if headers.hasHeader(b"transfer-encoding") else 0)
    ends = ConnectionEnds(request.getClientAddress(), request.getHost(), request.isSecure(), False)
    return Sender(ends, fields, DIRECT, ())


def _of_sender(sender: Sender) -> dict[str, str]:
    texts = {**(_cached_keys if sender.fields.is_short else _keys)(sender.fields)}
    texts["wsgi.url_scheme"] = sender.scheme or "http"
    _add_addresses(texts, sender)
    if sender.prefix:
        texts[REMOVED_PREFIX] = sender.prefix
    return texts


def _keys(fields: HeaderFields) -> dict[str, str]:
    """The keys of header fields; not to be changed."""
    values: dict[str, list[bytes]] = {}
    for name, value in fields.pairs:
        key = _key(name)
        if key is not None:
            values.setdefault(key, []).append(value)
    return {key: (b"; " if key == "HTTP_COOKIE" else b",").join(each).decode("latin-1") for key, each in values.items()}


# Most clients send the same ones in all their requests.
_cached_keys = lru_cache(256)(_keys)


@lru_cache(1024)
def _key(name: bytes) -> str | None:
    """The environ's key for a header; None for a header that is left out.

    X_Forwarded_For would get the key of X-Forwarded-For, which a proxy in front sets or removes. The body of a request
    is complete, and not in chunks any more.
    """
    if b"_" in name or name.lower() == b"transfer-encoding":
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in WITHOUT_PREFIX else "HTTP_" + key


def _joined(segments: Sequence[bytes] | None) -> str:
    return "/" + b"/".join(segments).decode("latin-1") if segments else ""


def _add_addresses(texts: dict[str, str], sender: Sender) -> None:
    client, host = sender.client, sender.host
    texts["REMOTE_ADDR"] = ""
    if isinstance(client, INTERNET):
        texts["REMOTE_ADDR"] = client.host
        texts["REMOTE_PORT"] = str(client.port)
    if isinstance(host, INTERNET):
        texts["SERVER_NAME"] = _server_name(texts.get("HTTP_HOST", "")) or host.host
        texts["SERVER_PORT"] = str(host.port)
    else:
        # A UNIX socket has neither name nor port.
        texts["SERVER_NAME"] = _server_name(texts.get("HTTP_HOST", "")) or "localhost"
        texts["SERVER_PORT"] = "443" if sender.scheme == "https" else "80"


@lru_cache(256)
def _server_name(host: str) -> str:
    """The host of a Host header, without its port."""
    found = HOST.fullmatch(host)
    return found[1] if found else ""
