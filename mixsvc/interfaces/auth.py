"""Who opens a chat connection, and who says so."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol, TypeAlias

from twisted.internet.defer import Deferred
from zope.interface import Interface

from mixsvc.common.records import record

__all__ = ["Authenticator", "IAuthenticator", "Identifier", "Identity"]


@record
class Identity:
    """Who opens a connection.

    person: the same for every connection of that person, and for nobody else; without U+0000.
    name: the name in the chat; None to let them choose one. moderator: whether they may moderate.
    ended: returns whether the login that says so has ended since; None if it lasts as long as the connection. It is
    called in worker threads, every second and before each request of a moderator is done. It may block, for example on
    a database, but only shortly: logins are looked at one after the other, and no message is stored while it is asked
    about a request. When it returns True, the connection is closed. When it raises, the connection stays, and the
    request is refused.
    """

    person: str
    name: str | None = None
    moderator: bool = False
    ended: Callable[[], bool] | None = field(default=None, compare=False, repr=False)


class IAuthenticator(Interface):
    """Says who opens a chat connection: [chat] authenticator names one."""

    def __call__(environ: Mapping[str, Any]) -> Identity | None:
        """Returns who sent the request that opens the connection, or None for a stranger.

        Called in a worker thread with a WSGI environ (PEP 3333): cookies, headers, REMOTE_ADDR. It may block, for
        example on a database. An exception is logged, and the connection is refused. With [web] processes it is called
        in one of them, and `ended` there, too; once that process has ended, another one calls it again with the same
        environ.
        """


# An IAuthenticator as a type: mypy does not accept a plain function for an Interface.
Authenticator: TypeAlias = Callable[[Mapping[str, Any]], Identity | None]


class Identifier(Protocol):
    """Asks the authenticator who opens a connection. Used in the reactor thread."""

    def __call__(self, request: Any, /) -> "Deferred[Identity | None] | None":
        """None at once for a stranger, else a Deferred that fires with who it is. request: the HTTP request."""

    def forget(self, identity: Identity | None, /) -> None:
        """Forget what is kept for an identity that it has found, and that nobody needs any more."""

    def stop(self) -> None:
        """Stop; called when no more connections come."""
