"""Names and logins over HTTP: /api/session and /api/login."""

from typing import Final

from flask import Blueprint, Response, jsonify, request, session

from mixsvc.common.names import key
from mixsvc.config.parsers import Moderator
from mixsvc.errors import NameTaken
from mixsvc.interfaces import Authenticator, IChat, Identity, IMix
from mixsvc.pages.api.json_body import json_object, refuse, text
from mixsvc.pages.api.problems import problem
from mixsvc.pages.auth.devices import COOKIE as DEVICE_COOKIE
from mixsvc.pages.auth.devices import LIFETIME, Devices
from mixsvc.pages.auth.limits import TooManyAttempts
from mixsvc.pages.auth.logins import LoginAttempt, Logins, WrongPassword
from mixsvc.pages.auth.sessions import LogOutNotStored, MixSessions

__all__ = ["blueprint"]

# Characters. A name is normalised after this check, and then the chat has a smaller limit.
MAX_NAME: Final = 128
MAX_PASSWORD: Final = 1024

# For whoever has logged out, taken a guest's name or logged in again.
NOT_STORED: Final = "You are logged out here, but that could not be stored: a copy of your session may still be valid."


def blueprint(
    mix: IMix, sessions: MixSessions, logins: Logins, authenticator: Authenticator | None, guests: bool
) -> Blueprint:
    """The routes; they wait for the chat, and for the check of a password.

    authenticator: the function that [chat] authenticator names; if there is one, it alone says who somebody is, and
    nobody chooses a name here. guests: whether people who are not moderators may choose a name.
    """
    accounts = Blueprint("accounts", __name__, url_prefix="/api")
    choice = NameChoice(mix, sessions, authenticator, guests)

    @accounts.get("/session")
    def tell() -> Response:
        _renew(sessions)
        return _response(authenticator(request.environ) if authenticator else sessions.identity(session))

    @accounts.post("/session")
    def choose() -> Response:
        chat = choice.chat_for_guests()
        return _response(choice.choose(chat, text(json_object(), "name", MAX_NAME)))

    @accounts.delete("/session")
    def forget() -> Response:
        return _logged_out(sessions)

    @accounts.post("/login")
    def log_in() -> Response:
        choice.chat()
        fields = json_object()
        moderator = _checked(logins, text(fields, "name", MAX_NAME), text(fields, "password", MAX_PASSWORD))
        sessions.log_in(session, moderator)
        return _with_device(_response(sessions.identity(session)), logins.devices, moderator.name)

    accounts.register_error_handler(LogOutNotStored, _not_stored)
    accounts.after_request(_without_cache)
    return accounts


class NameChoice:
    """Chooses a name for the session of the request in hand."""

    def __init__(self, mix: IMix, sessions: MixSessions, authenticator: Authenticator | None, guests: bool) -> None:
        self._guests = guests
        self._mix = mix
        self._sessions = sessions
        self._authenticator = authenticator

    def chat(self) -> IChat:
        """The chat. Refuses with 503 if there is none, and with 404 if [chat] authenticator provides the names."""
        chat = self._mix.chat
        if chat is None:
            refuse(503, "This host does not serve the chat, so nobody needs a name here.")
        if self._authenticator:
            refuse(404, "Names cannot be chosen here: this service has its own authenticator, which provides them.")
        return chat

    def chat_for_guests(self) -> IChat:
        """The chat. Also refuses with 403 if only moderators may enter."""
        chat = self.chat()
        if not self._guests:
            refuse(403, "This chat is not open to guests: log in first.")
        return chat

    def choose(self, chat: IChat, name: str) -> Identity | None:
        """Gives the session the name and returns its identity. Refuses with 400 or 409. Raises ServiceBusy."""
        current = self._sessions.identity(session)
        if current and current.moderator and current.name and key(current.name) == key(name):
            return current
        person = self._sessions.guest(session)
        try:
            spelling = chat.claim(name, person)
        except NameTaken as error:
            refuse(409, str(error), suggestion=error.suggestion)
        except ValueError as error:
            refuse(400, str(error), member="name")
        if self._sessions.is_moderators(spelling):
            refuse(409, "This is the name of a moderator, who has to log in for it; choose another.", suggestion="")
        self._sessions.take_name(session, person, spelling)
        return self._sessions.identity(session)


def _renew(sessions: MixSessions) -> None:
    """Let the session's cookie, if there is one, expire later."""
    if session:
        sessions.forget_ended(session)
        session.modified = True


def _logged_out(sessions: MixSessions) -> Response:
    """End the session, whatever the chat does."""
    try:
        sessions.log_out(session)
    finally:
        session.clear()
    return Response(status=204)


def _not_stored(error: LogOutNotStored) -> Response:
    return problem(503, NOT_STORED)


def _checked(logins: Logins, name: str, password: str) -> Moderator:
    """The moderator who logs in. Refuses with 403 or 429."""
    cookie = request.cookies.get(DEVICE_COOKIE, "")
    try:
        return logins.check(LoginAttempt(name, password, request.remote_addr or "", cookie))
    except WrongPassword:
        refuse(403, "The name or the password is wrong.")
    except TooManyAttempts as error:
        refuse(429, f"Too many logins: try again in {error.seconds} s.", {"Retry-After": str(error.seconds)})


def _with_device(response: Response, devices: Devices, name: str) -> Response:
    """Remember the browser in which an account has logged in."""
    response.set_cookie(
        DEVICE_COOKIE,
        devices.remember(request.cookies.get(DEVICE_COOKIE, ""), name),
        max_age=LIFETIME,
        # Only the login needs it, so only the login gets it.
        path=f"{request.script_root}/api/login",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def _without_cache(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _response(identity: Identity | None) -> Response:
    return jsonify(name=identity.name if identity else None, moderator=bool(identity and identity.moderator))
