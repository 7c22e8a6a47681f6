"""Whose password it is that came through a door without cookies, such as IRC: asked where the passwords are."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.web.http_headers import Headers

from mixsvc.interfaces import DeferToThread, Identity
from mixsvc.interfaces.auth import Identifier
from mixsvc.interfaces.doors import SentPassword

__all__ = ["AuthenticatorPasswords", "ModeratorPasswords", "PasswordRequest"]


class PasswordRequest:
    """Stands for a request that brings a name and a password: as HTTP Basic (RFC 7617), and as nothing else.

    For mixsvc.wsgi.environ: it has what that reads of a request of another server than ours.
    """

    def __init__(self, path: bytes, sent: SentPassword) -> None:
        """path: of the environ's PATH_INFO, without its slash."""
        credentials = b64encode(f"{sent.name}:{sent.password}".encode("utf-8", "replace"))
        self.requestHeaders = Headers({b"authorization": [b"Basic " + credentials]})
        self.method, self.clientproto, self.uri = b"GET", b"HTTP/1.1", b"/" + path
        self.prepath: list[bytes] = []
        self.postpath = [path]
        self._sent = sent

    def getClientAddress(self) -> Any:
        """The client's address."""
        return self._sent.peer

    def getHost(self) -> Any:
        """The address of this end."""
        return self._sent.host

    def isSecure(self) -> bool:
        """Whether TLS is used."""
        return self._sent.is_secure


class AuthenticatorPasswords:
    """Implements PasswordCheck where [chat] authenticator says who people are. Used in the reactor thread."""

    def __init__(self, identify: Identifier, path: bytes) -> None:
        """path: see PasswordRequest."""
        self._identify = identify
        self._path = path

    def __call__(self, sent: SentPassword, /) -> "Deferred[Identity | None]":
        """See PasswordCheck. Fails with what the authenticator raises, too."""
        return self._identify(PasswordRequest(self._path, sent)) or succeed(None)

    def forget(self, identity: Identity | None, /) -> None:
        """See PasswordCheck."""
        self._identify.forget(identity)


class ModeratorPasswords:
    """Implements PasswordCheck by a function that knows the moderators' passwords. Used in the reactor thread."""

    def __init__(self, check: Callable[[str, str, str], Identity | None], defer: DeferToThread) -> None:
        """check(name, password, address): called in a thread, by `defer`."""
        self._check = check
        self._defer = defer

    def __call__(self, sent: SentPassword, /) -> "Deferred[Identity | None]":
        """See PasswordCheck."""
        address = str(getattr(sent.peer, "host", ""))
        return self._defer(lambda: self._check(sent.name, sent.password, address))

    def forget(self, identity: Identity | None, /) -> None:
        """See PasswordCheck; nothing is kept."""
