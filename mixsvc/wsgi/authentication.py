"""Who opens a chat connection: asks the authenticator in a thread, with the request's WSGI environ."""

from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

from mixsvc.common.text import is_storable
from mixsvc.interfaces import Authenticator, Identity
from mixsvc.threads.leavable import LeavableCalls, ReplacingPool
from mixsvc.wsgi.environ import make_connection_environ

if TYPE_CHECKING:
    # This module exists for type checkers only (typeshed).
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["RequestAuthenticator", "identify"]


class AuthenticatorThreads(ReplacingPool, Protocol):
    """What RequestAuthenticator needs of mixsvc.threads.pool.DaemonThreadPool."""

    def start_some(self) -> None:
        """Start those that do not run yet. Raises RuntimeError if none runs then."""

    def stop(self) -> None:
        """Let the threads end."""


class RequestAuthenticator:
    """Asks an Authenticator who sent a request. Used in the reactor thread."""

    def __init__(
        self, clock: IReactorTime, threads: AuthenticatorThreads, authenticate: Authenticator, cookie: str
    ) -> None:
        """threads: where the authenticator runs; started at the first call. One that hangs is replaced.

        cookie: the name of the cookie by which people are known; "" if they may be known by something else.
        """
        self._threads = threads
        self._calls = LeavableCalls(threads, clock.seconds)
        self._authenticate = authenticate
        self._cookie = cookie.encode()

    def __call__(self, request: Request) -> "Deferred[Identity | None] | None":
        """Returns None at once for a request without the cookie, else a Deferred of what the authenticator returns.

        The Deferred fails with what the authenticator raises, with TypeError if it returns something else than an
        Identity or None, and with RuntimeError if the system gives no thread.
        """
        if self._cookie and not any(
            self._cookie in line for line in request.requestHeaders.getRawHeaders(b"cookie", [])
        ):
            # Most connections of a load test, and all of a flood, have no cookie: they need no thread.
            return None
        try:
            self._threads.start_some()
        except RuntimeError:
            return fail()
        environ = make_connection_environ(request)
        return self._calls.defer(lambda: identify(self._authenticate, environ))

    def forget(self, identity: Identity | None, /) -> None:
        """See Identifier; nothing is kept."""

    def stop(self) -> None:
        """Let the threads end once they are free."""
        self._threads.stop()


def identify(authenticate: Authenticator, environ: "WSGIEnvironment") -> Identity | None:
    """What the authenticator returns. Called in a worker thread.

    Raises what it raises, and TypeError if it returns something else than an Identity or None.
    """
    # Taken now, as an authenticator may change the environ.
    errors = environ["wsgi.errors"]
    try:
        return _checked(authenticate(environ))
    finally:
        errors.flush()


def _checked(found: object) -> Identity | None:
    """The authenticator's result. Raises TypeError unless it is an Identity with text in it, or None."""
    if found is None:
        return None
    if not isinstance(found, Identity):
        raise TypeError(f"the authenticator returned {type(found).__name__}; it must return an Identity or None")
    if not isinstance(found.person, str) or not found.person or not isinstance(found.name, str | None):
        raise TypeError("the authenticator returned an Identity whose person or name is not text")
    if not is_storable(found.person):
        raise TypeError("the authenticator returned an Identity whose person has U+0000 or half a surrogate pair")
    if found.ended is not None and not callable(found.ended):
        raise TypeError("the authenticator returned an Identity whose `ended` is not a function")
    return found
