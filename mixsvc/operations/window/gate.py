"""Who gets in: the log-in, its cookies, and what each form must send."""

import re
import secrets
from math import ceil
from typing import Final, TypeAlias

from twisted.logger import Logger

from mixsvc.answers.answer import Answer, RefusedAnswer
from mixsvc.common.addresses import network
from mixsvc.operations.window.call import WindowCall
from mixsvc.operations.window.own_hosts import is_from_window, port_of
from mixsvc.operations.window.pages import LoginPage, WindowPages
from mixsvc.operations.window.responses import html_answer, redirect, text_answer
from mixsvc.operations.window.sessions import SESSION_SECONDS, WindowSession, WindowSessions, is_proof
from mixsvc.pages.auth.throttle import GuessThrottle

__all__ = ["WindowGate"]

SESSION: Final = "session"
# Of somebody who has not logged in.
VISIT: Final = "visit"

# How long the log-in form may stand open, in seconds.
VISIT_SECONDS: Final = 3600

FOREIGN: Final = (
    "This form came from a page of another site, so nothing was done. If it did not, name the proxy that takes TLS off "
    "in [server] trusted_proxies."
)
TOO_OLD: Final = "This form is too old; please try again."
NOT_ALL: Final = "That is not the token."
NOT_STORED: Final = (
    "You are logged out, but that could not be stored: after a restart a copy of the cookie is valid again."
)

NO_LOG_OUTS: Final = "The token is right, but nobody can log in while the log-outs cannot be read; the log says why."

Field: TypeAlias = tuple[bytes, bytes]


class WindowGate:
    """The log-ins of one window. Reactor thread. Methods raise BadSetting if the token cannot be used."""

    _log = Logger("mixsvc.operations.window")

    def __init__(self, sessions: WindowSessions, throttle: GuessThrottle, pages: WindowPages) -> None:
        """throttle: counts wrong tokens, by the network of whoever sent them."""
        self._sessions = sessions
        self._throttle = throttle
        self._pages = pages

    def session(self, call: WindowCall) -> WindowSession | None:
        """Whose request it is; None if nobody's who has logged in."""
        return self._sessions.session(call.cookies.get(cookie_name(call, SESSION), ""))

    def check_form(self, call: WindowCall, session: WindowSession) -> None:
        """Raise RefusedAnswer unless a form of this session, on our own page, was sent."""
        refuse_foreign(call)
        if not is_proof(call.form.get("proof", ""), session.proof):
            raise RefusedAnswer(text_answer(403, TOO_OLD))

    def form(self, call: WindowCall, status: int = 200, wrong: str = "", more: tuple[Field, ...] = ()) -> Answer:
        """The page with the log-in form. wrong: what was wrong with the last attempt."""
        # Before anything is promised: without a token there is nothing to ask for.
        self._sessions.require_token()
        # The same for all tabs of a browser.
        visit = call.cookies.get(cookie_name(call, VISIT), "")
        if not re.fullmatch("[0-9a-f]{32}", visit):
            visit = secrets.token_hex(16)
        is_from_outside = call.asked.header("sec-fetch-site") == "cross-site"
        page = LoginPage(self._sessions.visitors_proof(visit), wrong, is_from_outside)
        cookie = set_cookie(call, VISIT, visit, VISIT_SECONDS)
        return html_answer(status, self._pages.login(call.root, page), (cookie, *more))

    def log_in(self, call: WindowCall) -> Answer:
        """What the log-in form leads to."""
        refuse_foreign(call)
        right = self._sessions.visitors_proof(call.cookies.get(cookie_name(call, VISIT), ""))
        if not is_proof(call.form.get("proof", ""), right):
            return self.form(call, 403, TOO_OLD)
        key = network(call.address) if call.address else ""
        if wait := ceil(self._throttle.wait(key)):
            late = f"Too many wrong tokens: try again in {wait} s."
            return self.form(call, 429, late, ((b"Retry-After", b"%d" % wait),))
        self._throttle.begin(key)
        if not self._sessions.is_token(call.form.get("token", "")):
            self._log.warn("mixsvc: a log-in to the window from {address} was refused", address=call.address)
            return self.form(call, 403, NOT_ALL)
        self._throttle.succeeded(key)
        new = self._sessions.new_cookie()
        if self._sessions.session(new) is None:
            return self.form(call, 503, NO_LOG_OUTS)
        self._log.info("mixsvc: an operator has logged in to the window from {address}", address=call.address)
        cookies = (
            set_cookie(call, SESSION, new, SESSION_SECONDS),
            set_cookie(call, VISIT, "", 0),
        )
        return redirect(call.root, cookies)

    async def log_out(self, call: WindowCall, session: WindowSession) -> Answer:
        """End a session, whose form was checked."""
        is_stored = await self._sessions.end(session)
        cookies = (set_cookie(call, SESSION, "", 0),)
        return redirect(call.root, cookies) if is_stored else text_answer(503, NOT_STORED, cookies)


def refuse_foreign(call: WindowCall) -> None:
    """Raise RefusedAnswer for a form on a page of another site."""
    if not is_from_window(call.asked.headers, call.asked.scheme):
        raise RefusedAnswer(text_answer(403, FOREIGN))


def cookie_name(call: WindowCall, kind: str) -> str:
    """Returns the name of a cookie: browsers give cookies to all ports of a host, so the port is in it."""
    name = "-".join(each for each in ("mixsvc", kind, port_of(call.asked.header("host"))) if each)
    return f"__Host-{name}" if call.is_secure else name


def set_cookie(call: WindowCall, kind: str, value: str, seconds: int) -> Field:
    """Returns the header field that sets a cookie for so many seconds; 0 deletes it."""
    text = f"{cookie_name(call, kind)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    return b"Set-Cookie", f"{text}; Secure".encode() if call.is_secure else text.encode()
