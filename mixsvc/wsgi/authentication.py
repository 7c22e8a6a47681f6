"""Who opens a chat connection: the authenticator is asked in a thread, with the request as a WSGI environ."""

import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.web.server import Request

from mixsvc.interfaces import Authenticator, Identity

__all__ = ["Visitors", "environ_of"]


T = TypeVar("T")


class AuthenticatorThreads(Protocol):
    """What Visitors needs of mixsvc.threads.pool.DaemonPool."""

    def start(self) -> None:
        """Start the threads."""

    def defer(self, function: Callable[[], T], /) -> "Deferred[T]":
        """Run function in a thread; fires in the reactor thread."""

    def stop(self) -> None:
        """Let the threads end."""


class Visitors:
    """Asks the authenticator. Used in the reactor thread."""

    def __init__(self, threads: AuthenticatorThreads, authenticate: Authenticator, cookie: str) -> None:
        """threads: where the authenticator runs; started with the first question.

        cookie: the name of the cookie without which nobody is known; "" if people may be known by anything.
        """
        self._threads = threads
        self._is_started = False
        self._authenticate = authenticate
        self._cookie = cookie.encode()

    def __call__(self, request: Request) -> "Deferred[Identity | None] | None":
        """None at once for nobody in particular, else what fires with who it is."""
        if self._cookie and not any(
            self._cookie in line for line in request.requestHeaders.getRawHeaders(b"cookie", [])
        ):
            # Most connections of a load test and all of a flood: they cost no thread.
            return None
        if not self._is_started:
            self._is_started = True
            self._threads.start()
        environ = environ_of(request)
        return self._threads.defer(lambda: _checked(self._authenticate(environ)))

    def stop(self) -> None:
        """Let the threads end once they are free."""
        self._threads.stop()


def _checked(found: object) -> Identity | None:
    """What an authenticator said. Raises TypeError for what none may say."""
    if found is None:
        return None
    if not isinstance(found, Identity):
        raise TypeError(f"the authenticator returned {type(found).__name__}; it returns an Identity or None")
    if not isinstance(found.person, str) or not found.person or not isinstance(found.name, str | None):
        raise TypeError("the authenticator returned an Identity whose person or name is no text")
    return found


def environ_of(request: Request) -> dict[str, Any]:
    """The request as a WSGI environ without a body (PEP 3333).

    A header with an underscore in its name is left out: it could pass for one with a hyphen.
    """
    host = request.getHost()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.decode("latin-1"),
        "QUERY_STRING": request.uri.partition(b"?")[2].decode("latin-1"),
        "REMOTE_ADDR": str(getattr(request.getClientAddress(), "host", "")),
        "SERVER_NAME": request.getRequestHostname().decode("latin-1"),
        "SERVER_PORT": str(getattr(host, "port", "")),
        "SERVER_PROTOCOL": request.clientproto.decode("latin-1"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if request.isSecure() else "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, values in request.requestHeaders.getAllRawHeaders():
        if b"_" not in name and name.lower() not in (b"content-length", b"content-type"):
            key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            environ[key] = (";" if name.lower() == b"cookie" else ",").join(value.decode("latin-1") for value in values)
    return environ
