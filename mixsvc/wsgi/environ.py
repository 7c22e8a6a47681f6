"""What a WSGI application is told of its request (PEP 3333)."""

import re
from functools import lru_cache
from io import SEEK_END
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.logger import Logger
from twisted.web.server import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["ErrorLog", "make_environ"]

# Of a line without an end: it is logged when it has so many characters.
LINE_CHARS: Final = 8192

# As CGI names them.
WITHOUT_PREFIX: Final = frozenset(("CONTENT_TYPE", "CONTENT_LENGTH"))

HOST: Final = re.compile(r"(\[[^]]*\]|[^:]*)(?::[0-9]*)?")

# Equal for all requests.
CONSTANTS: Final = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    # Not in PEP 3333; Werkzeug knows by it that the end of the input is the end of the body.
    "wsgi.input_terminated": True,
}


class ErrorLog:
    """wsgi.errors of one request: each line is an event of the log. Used in the request's thread."""

    _log = Logger("mixsvc.web")

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        """Log the lines that are complete; the rest waits for its end."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line:
                self._log.error("wsgi: {line}", line=line)
        if len(self._begun) > LINE_CHARS:
            self.flush()
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log what has no end yet."""
        line, self._begun = self._begun, ""
        if line:
            self._log.error("wsgi: {line}", line=line)


def make_environ(request: Request) -> "WSGIEnvironment":
    """The environ of a request that is complete; called in the reactor thread.

    All text is ISO-8859-1: each character is the byte that was sent. wsgi.input is the request's content itself.
    """
    _, _, query = request.uri.partition(b"?")
    environ: dict[str, Any] = {
        **CONSTANTS,
        "REQUEST_METHOD": request.method.decode("latin-1"),
        "SCRIPT_NAME": _joined(request.prepath),
        "PATH_INFO": _joined(request.postpath),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_PROTOCOL": request.clientproto.decode("latin-1"),
        "wsgi.url_scheme": "https" if request.isSecure() else "http",
        "wsgi.input": request.content,
        "wsgi.errors": ErrorLog(),
    }
    for name, values in request.requestHeaders.getAllRawHeaders():
        key = _key(name)
        if key is not None:
            value = values[0] if len(values) == 1 else (b"; " if name == b"Cookie" else b",").join(values)
            environ[key] = value.decode("latin-1")
    _correct_content(environ)
    _add_addresses(environ, request)
    return environ


@lru_cache(1024)
def _key(name: bytes) -> str | None:
    """The key of a header; None for one that does not get there.

    X_Forwarded_For would have the key of X-Forwarded-For, which a proxy in front has set or removed.
    """
    if b"_" in name:
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in WITHOUT_PREFIX else "HTTP_" + key


def _joined(segments: list[bytes] | None) -> str:
    return "/" + b"/".join(segments).decode("latin-1") if segments else ""


def _add_addresses(environ: "WSGIEnvironment", request: Request) -> None:
    client, host = request.getClientAddress(), request.getHost()
    environ["REMOTE_ADDR"] = ""
    if isinstance(client, IPv4Address | IPv6Address):
        environ["REMOTE_ADDR"] = client.host
        environ["REMOTE_PORT"] = str(client.port)
    if isinstance(host, IPv4Address | IPv6Address):
        environ["SERVER_NAME"] = _server_name(environ.get("HTTP_HOST", "")) or host.host
        environ["SERVER_PORT"] = str(host.port)
    else:
        # A UNIX socket, which has neither.
        environ["SERVER_NAME"] = _server_name(environ.get("HTTP_HOST", "")) or "localhost"
        environ["SERVER_PORT"] = "443" if environ["wsgi.url_scheme"] == "https" else "80"


@lru_cache(256)
def _server_name(host: str) -> str:
    """A Host header without its port."""
    found = HOST.fullmatch(host)
    return found[1] if found else ""


def _correct_content(environ: "WSGIEnvironment") -> None:
    """What came in chunks is complete here, and has a length."""
    content = environ["wsgi.input"]
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None and "CONTENT_LENGTH" not in environ:
        content.seek(0, SEEK_END)
        environ["CONTENT_LENGTH"] = str(content.tell())
        content.seek(0)
