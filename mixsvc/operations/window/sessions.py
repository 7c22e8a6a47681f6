"""Who is logged in: cookies signed with the operators' token, and what each form proves.

A cookie is JSON, signed with the token (itsdangerous, HMAC-SHA256, base64url): `id`, at random, and `until`, seconds
since 1970. Another token makes all of them invalid; a restart does not, so log-outs are kept in a file.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from itsdangerous import BadData, Signer, URLSafeSerializer
from twisted.internet.defer import Deferred

from mixsvc.interfaces import DeferToThread
from mixsvc.operations.window.token import OperatorsToken
from mixsvc.pages.auth.memory import LogOuts

__all__ = ["SESSION_SECONDS", "WindowLogOuts", "WindowSession", "WindowSessions", "is_proof"]

# How long a log-in holds.
SESSION_SECONDS: Final = 12 * 3600

# What else is signed with the token is no cookie, and no proof of a form.
COOKIE_SALT: Final = "mixsvc-window-cookie"
FORM_SALT: Final = "mixsvc-window-form"

HMAC: Final[dict[str, Any]] = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


@dataclass(frozen=True)
class WindowSession:
    """One log-in. id: at random. proof: what its forms must send."""

    id: str
    proof: str


@dataclass(frozen=True)
class WindowLogOuts:
    """Those that were ended by a log-out. A look at the file blocks the reactor for a moment; a thread writes it."""

    ended: LogOuts
    defer_to_thread: DeferToThread


class WindowSessions:
    """The log-ins to the window of one service. Reactor thread. Methods raise BadSetting without a usable token."""

    def __init__(self, token: OperatorsToken, now: Callable[[], float], log_outs: WindowLogOuts) -> None:
        """now: returns seconds since 1970, UTC."""
        self._token = token
        self._now = now
        self._log_outs = log_outs
        # Not made of the token: whoever has not logged in gets what is signed with it, and could try tokens on that.
        self._visitors_key = secrets.token_bytes(32)

    def require_token(self) -> None:
        """Raise BadSetting if there is no token that can be used."""
        self._token.read()

    def is_token(self, text: str) -> bool:
        """Whether the text is the token, with white space around it or not; takes as long for any text."""
        given, right = (hashlib.sha256(each).digest() for each in (text.strip().encode(), self._token.read()))
        return hmac.compare_digest(given, right)

    def new_cookie(self) -> str:
        """Returns the value of the cookie of a new log-in."""
        signed = self._serializer().dumps({"id": secrets.token_hex(16), "until": self._now() + SESSION_SECONDS})
        return signed.decode() if isinstance(signed, bytes) else signed

    def session(self, cookie: str) -> WindowSession | None:
        """Returns whose cookie it is; None if it is not valid, or has ended."""
        if not cookie:
            return None
        try:
            fields: Any = self._serializer().loads(cookie)
        except BadData:
            return None
        found = str(fields["id"])
        if fields["until"] <= self._now() or found in self._log_outs.ended:
            return None
        return WindowSession(found, Signer(self._token.read(), FORM_SALT, **HMAC).get_signature(found).decode())

    def end(self, session: WindowSession) -> "Deferred[bool]":
        """Log out: its cookie is not valid any more, wherever a copy of it is. Fires when that is on disk.

        With False if it could not be stored, so that a copy is valid again after a restart.
        """
        log_outs = self._log_outs
        return log_outs.defer_to_thread(lambda: log_outs.ended.end(session.id))

    def visitors_proof(self, visit: str) -> str:
        """Returns what the log-in form must send. visit: the cookie of a visitor who has not logged in."""
        return hmac.new(self._visitors_key, visit.encode(), hashlib.sha256).hexdigest()

    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._token.read(), COOKIE_SALT, signer_kwargs=HMAC)


def is_proof(given: str, right: str) -> bool:
    """Whether a form has sent what it must; takes as long for any text."""
    return hmac.compare_digest(given.encode(), right.encode())
