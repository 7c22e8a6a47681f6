"""The session cookie of our pages: who somebody is, signed with the app's key."""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import timedelta
from typing import Any, Final

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import ChatSettings
from mixsvc.interfaces import Authenticator, Identity

__all__ = ["COOKIE", "MixSessions", "install_sessions", "name_key", "session_identity"]

COOKIE: Final = "mixsvc_session"
LIFETIME: Final = timedelta(days=30)

# Before the id of each person that comes from here: no client's token and no other authenticator's person is the same.
PREFIX: Final = "session:"


class MixSessions(SecureCookieSessionInterface):
    """Reads and writes the cookie. It holds `person` and `name`, and `moderator` after a login.

    Nothing of a session is kept here, so a cookie is good until it expires. May be used in any thread.
    """

    # Not Flask's own: a cookie that another application has signed with the same key is none of ours.
    salt = "mixsvc-session"
    digest_method = staticmethod(hashlib.sha256)

    def __init__(self, key: bytes, moderators: Sequence[Moderator], guests: bool) -> None:
        """guests: whether a name of one's own choice makes somebody known; else only a moderator's login does."""
        self._key = key
        self._guests = guests
        self._moderators = {name_key(each.name): each for each in moderators}

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this request came over TLS."""
        return request.is_secure

    def is_moderators(self, name: str) -> bool:
        """Whether a name is kept for a moderator."""
        return name_key(name) in self._moderators

    def identity(self, session: Mapping[str, Any]) -> Identity | None:
        """Who the session says it is; a moderator only if the settings still say so, with the same password.

        The name is None where it has become a moderator's since, and this is not that moderator.
        """
        name = session.get("name")
        if not name:
            return None
        moderator = self._moderators.get(name_key(name))
        if moderator and hmac.compare_digest(session.get("moderator", ""), self._stamp(moderator)):
            return Identity(PREFIX + self._derived("person", name_key(name)), moderator.name, True)
        person = session.get("person") if self._guests else None
        return Identity(person, None if moderator else name) if person else None

    def guest(self, session: Mapping[str, Any]) -> str:
        """The person that the session is under a name of their choice; a new one where it has none yet."""
        return session.get("person") or PREFIX + secrets.token_urlsafe(16)

    def take_name(self, session: MutableMapping[str, Any], person: str, name: str) -> None:
        """The session is that guest under that name, and no moderator's any more."""
        session.pop("moderator", None)
        session.update(person=person, name=name, _permanent=True)

    def log_in(self, session: MutableMapping[str, Any], moderator: Moderator) -> None:
        """The session is the moderator's, who is the same person wherever they log in."""
        session.update(name=moderator.name, moderator=self._stamp(moderator), _permanent=True)

    def _stamp(self, moderator: Moderator) -> str:
        """What shows that the login was with the password of today."""
        return self._derived("moderator", moderator.password_hash)

    def _derived(self, purpose: str, value: str) -> str:
        """The same each time, and not to be guessed without the key."""
        return hmac.new(self._key, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()[:32]


def install_sessions(app: Flask, key: bytes, settings: ChatSettings) -> MixSessions:
    """Give the app these sessions; call it once, before the first request."""
    app.secret_key = key
    app.permanent_session_lifetime = LIFETIME
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Else the answer to a request that began before a logout would bring the session back.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    sessions = MixSessions(key, settings.moderators, settings.guests)
    app.session_interface = sessions
    return sessions


def session_identity(app: Flask) -> Authenticator:
    """The IAuthenticator for an app with such sessions; for any other app it knows nobody."""
    sessions = app.session_interface

    def who(environ: Mapping[str, Any]) -> Identity | None:
        if not isinstance(sessions, MixSessions):
            return None
        # The request notes itself in the environ, which is not ours.
        session = sessions.open_session(app, app.request_class(dict(environ)))
        return sessions.identity(session) if session else None

    return who


def name_key(name: str) -> str:
    """What two names have in common that differ in case, width or spaces only."""
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    return unicodedata.normalize("NFKC", plain.casefold())
