"""Names and moderators over HTTP: /api/session and /api/login."""

from typing import Final

from flask import Blueprint, Response, jsonify, request, session

from mixsvc.errors import NameTaken
from mixsvc.interfaces import Authenticator, IChat, Identity, IMix
from mixsvc.pages.api.json_body import json_object, refuse, text
from mixsvc.pages.auth.logins import Logins, TooManyTries, WrongPassword
from mixsvc.pages.auth.sessions import MixSessions, name_key

__all__ = ["blueprint"]

# Characters before normalisation, which the chat counts after it; more are not looked at.
MOST_NAME: Final = 128
MOST_PASSWORD: Final = 1024


def blueprint(mix: IMix, sessions: MixSessions, logins: Logins, named: Authenticator | None, guests: bool) -> Blueprint:
    """The routes; they block for the chat and for a password's hash.

    named: what [chat] authenticator names. Where there is one it says who is who, and nobody chooses here.
    guests: whether others than moderators may choose a name.
    """
    accounts = Blueprint("accounts", __name__, url_prefix="/api")
    names = Names(mix, sessions, named, guests)

    @accounts.get("/session")
    def tell() -> Response:
        if session:
            # Used again: it lives on for another while.
            session.modified = True
        return _answer(named(request.environ) if named else sessions.identity(session))

    @accounts.post("/session")
    def choose() -> Response:
        chat = names.open_to_guests()
        return _answer(names.chosen(chat, text(json_object(), "name", MOST_NAME)))

    @accounts.delete("/session")
    def forget() -> Response:
        session.clear()
        return Response(status=204)

    @accounts.post("/login")
    def log_in() -> Response:
        names.served()
        fields = json_object()
        _log_in(sessions, logins, text(fields, "name", MOST_NAME), text(fields, "password", MOST_PASSWORD))
        return _answer(sessions.identity(session))

    accounts.after_request(_not_kept)
    return accounts


class Names:
    """The choice of a name, which makes the session."""

    def __init__(self, mix: IMix, sessions: MixSessions, named: Authenticator | None, guests: bool) -> None:
        self._guests = guests
        self._mix = mix
        self._sessions = sessions
        self._named = named

    def served(self) -> IChat:
        """The chat. Refuses with 503 where there is none, and with 404 where an authenticator knows the names."""
        chat = self._mix.chat
        if chat is None:
            refuse(503, "This host does not serve the chat, so nobody needs a name here.")
        if self._named:
            refuse(404, "Names are not chosen here: this service has an authenticator of its own.")
        return chat

    def open_to_guests(self) -> IChat:
        """The chat, when whoever comes may choose a name; refuses with 403 otherwise."""
        chat = self.served()
        if not self._guests:
            refuse(403, "This chat is for those who are known: log in.")
        return chat

    def chosen(self, chat: IChat, name: str) -> Identity | None:
        """Who the session is once it goes by the name; refuses with 400 or 409. Raises ServiceBusy."""
        current = self._sessions.identity(session)
        if current and current.moderator and current.name and name_key(current.name) == name_key(name):
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


def _log_in(sessions: MixSessions, logins: Logins, name: str, password: str) -> None:
    try:
        moderator = logins.check(name, password, request.remote_addr or "")
    except WrongPassword:
        refuse(403, "The name or the password is wrong.")
    except TooManyTries as error:
        refuse(429, f"Try again in {error.seconds} s.", {"Retry-After": str(error.seconds)})
    sessions.log_in(session, moderator)


def _not_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(identity: Identity | None) -> Response:
    return jsonify(name=identity.name if identity else None, moderator=bool(identity and identity.moderator))
