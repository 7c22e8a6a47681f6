"""The session cookie of our pages: it says who somebody is, signed with the app's key."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from mixsvc.common import names
from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import LoginRefused
from mixsvc.interfaces.environ import REMOVED_PREFIX
from mixsvc.pages.auth.limits import TooManyAttempts
from mixsvc.pages.auth.logins import LoginAttempt, WrongPassword
from mixsvc.pages.auth.memory import LogOuts

__all__ = [
    "COOKIE",
    "LOGINS",
    "LogOutNotStored",
    "MixSessions",
    "PagesAuthenticator",
    "install_sessions",
    "session_identity",
]

COOKIE: Final = "mixsvc_session"

# Where an app has its Logins, in its extensions.
LOGINS: Final = "mixsvc.logins"

LIFETIME: Final = timedelta(days=30)

# Seconds: the clock of the node that has signed a cookie may be so much ahead.
AHEAD: Final = 5

# Begins each person's id from here, so that it differs from every client's token and other authenticator's id.
PREFIX: Final = "session:"


class LogOutNotStored(Exception):
    """A login has ended in this process, but other processes cannot learn it, nor this one after a restart."""


class MixSessions(SecureCookieSessionInterface):
    """Reads and writes the cookie, which holds `person` and `name`, and after a login `moderator` and `login`.

    A guest's cookie is valid until it expires, a moderator's until its login ends. Used in any thread.
    """

    # Not Flask's default: a cookie that another application signs with the same key is not valid here.
    salt = "mixsvc-session"
    digest_method = staticmethod(hashlib.sha256)

    def __init__(self, key: bytes, moderators: Sequence[Moderator], guests: bool, ended: LogOuts) -> None:
        """guests: whether somebody may choose a name; if not, only moderators get a session, by their login."""
        self._key = key
        self._ended = ended
        self._guests = guests
        self._moderators = {names.key(each.name): each for each in moderators}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """See SecureCookieSessionInterface."""
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = _CookieSigner
        return serializer

    def get_cookie_path(self, app: Flask) -> str:
        """Everything that a proxy has under the prefix that it removes: the pages and the chat."""
        return str(request.environ.get(REMOVED_PREFIX, "/"))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Sets the session's cookie before all others: some programs read the first one only."""
        others = response.headers.getlist("Set-Cookie")
        response.headers.remove("Set-Cookie")
        super().save_session(app, session, response)
        response.headers.extend([("Set-Cookie", each) for each in others])

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this request came over TLS."""
        return request.is_secure

    def is_moderators(self, name: str) -> bool:
        """Whether a name is reserved for a moderator."""
        return names.key(name) in self._moderators

    def identity(self, session: Mapping[str, Any]) -> Identity | None:
        """Whose session it is; a moderator's only if the settings still have that moderator, with the same password.

        A session whose login has ended is no moderator's either; blocks to find that out.
        The name is None if it has become a moderator's since, and this session is not that moderator's.
        """
        name = session.get("name")
        if not name:
            return None
        moderator = self._moderators.get(names.key(name))
        if moderator and hmac.compare_digest(session.get("moderator", ""), self._stamp(moderator)):
            login = session.get("login", "")
            # Versions that could not end a login gave it no id.
            if login and login not in self._ended:
                person = PREFIX + self._derived("person", names.key(name))
                return Identity(person, moderator.name, True, partial(self._ended.__contains__, login))
        guest = session.get("person") if self._guests else None
        return Identity(guest, None if moderator else name) if guest else None

    def moderator(self, moderator: Moderator) -> Identity:
        """Who a moderator is in every session of a login, for one that lasts as long as its connection."""
        return Identity(PREFIX + self._derived("person", names.key(moderator.name)), moderator.name, True)

    def guest(self, session: Mapping[str, Any]) -> str:
        """The id of the session's person, who chose a name; a new id if the session has none yet."""
        return session.get("person") or PREFIX + secrets.token_urlsafe(16)

    def take_name(self, session: MutableMapping[str, Any], person: str, name: str) -> None:
        """Make it the session of that guest under that name, and no longer a moderator's. Raises LogOutNotStored."""
        self.log_out(session)
        session.update(person=person, name=name, _permanent=True)

    def log_in(self, session: MutableMapping[str, Any], moderator: Moderator) -> None:
        """Make it the session of the moderator, who is the same person in every browser; an earlier login ends.

        Raises LogOutNotStored; then it is nobody's session.
        """
        self.log_out(session)
        stamp, login = self._stamp(moderator), secrets.token_hex(16)
        session.update(name=moderator.name, moderator=stamp, login=login, _permanent=True)

    def forget_ended(self, session: MutableMapping[str, Any]) -> None:
        """Take a login that has ended out of the session, before its cookie is renewed.

        So no cookie of an ended login outlives the memory of that.
        """
        login = session.get("login")
        # Guests do not wait for a disk that hangs.
        if login and login in self._ended:
            for name in ("moderator", "login"):
                session.pop(name, None)

    def log_out(self, session: MutableMapping[str, Any]) -> None:
        """End the session's login, if it has one; other logins of the moderator go on. Blocks until that is on disk.

        Raises LogOutNotStored; in this process the login has ended all the same.
        """
        session.pop("moderator", None)
        login = session.pop("login", "")
        if login and not self._ended.end(login):
            raise LogOutNotStored

    def _stamp(self, moderator: Moderator) -> str:
        """A value that changes with the moderator's password."""
        return self._derived("moderator", moderator.password_hash)

    def _derived(self, purpose: str, value: str) -> str:
        """A digest of the value that needs the key; the purpose keeps different uses apart."""
        return hmac.new(self._key, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()[:32]


class _CookieSigner(TimestampSigner):
    """Takes what was signed up to AHEAD seconds in the future, which the base class does not."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        value, signed_at = super().unsign(signed_value, None, True)
        age = self.get_timestamp() - signed_at.timestamp()
        if max_age is not None and not -AHEAD <= age <= max_age:
            raise SignatureExpired("the cookie is too old, or of a clock that is wrong", value, signed_at)
        return (value, signed_at) if return_timestamp else value


def install_sessions(app: Flask, key: bytes, settings: ChatSettings, ended: LogOuts) -> MixSessions:
    """Make the app use these sessions; call it once, before the first request."""
    app.secret_key = key
    app.permanent_session_lifetime = LIFETIME
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Otherwise the response to a request that began before a logout would restore the session.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    sessions = MixSessions(key, settings.moderators, settings.guests, ended)
    app.session_interface = sessions
    return sessions


class PagesAuthenticator:
    """The IAuthenticator of an app with these sessions: it knows people by their cookie. For any other app: nobody.

    Other doors than a browser's have no cookies, and ask it for a moderator's password.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __call__(self, environ: Mapping[str, Any]) -> Identity | None:
        """See IAuthenticator."""
        app, sessions = self._app, self._app.session_interface
        if not isinstance(sessions, MixSessions):
            return None
        # A copy, as the request stores itself in the environ, which belongs to the caller.
        session = sessions.open_session(app, app.request_class(dict(environ)))
        return sessions.identity(session) if session else None

    def by_password(self, name: str, password: str, address: str) -> Identity | None:
        """The moderator with this name and password; None for nobody. address: "" if it is not known.

        Called in a worker thread; blocks for about 0.1 s. Raises LoginRefused if it did not check.
        """
        sessions, logins = self._app.session_interface, self._app.extensions.get(LOGINS)
        if not isinstance(sessions, MixSessions) or logins is None:
            return None
        try:
            return sessions.moderator(logins.check(LoginAttempt(name, password, address)))
        except WrongPassword:
            return None
        except TooManyAttempts as error:
            raise LoginRefused(f"Too many logins: try again in {error.seconds} s.") from None


def session_identity(app: Flask) -> PagesAuthenticator:
    """The IAuthenticator for an app with these sessions."""
    return PagesAuthenticator(app)
