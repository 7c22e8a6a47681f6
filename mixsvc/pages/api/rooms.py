"""The chat over HTTP: its rooms, what was said in them, and a way for programs to say something."""

import hmac
from dataclasses import dataclass
from typing import Final, NoReturn

from flask import Blueprint, Response, jsonify, request

from mixsvc.config.settings import ChatSettings
from mixsvc.errors import NoSuchRoom
from mixsvc.interfaces import Authenticator, IChat, IMix
from mixsvc.pages.api.json_body import json_object, number_in_query, optional_text, refuse, text

__all__ = ["Access", "blueprint"]

# The limits of docs/reference/chat-protocol.md. A name may take more characters before it is normalised.
MOST_NAME: Final = 128
MOST_ROOM: Final = 32
MOST_KEY: Final = 64
MOST_LIMIT: Final = 200
USUAL_LIMIT: Final = 50
# The largest whole number that every JSON reader keeps exactly.
MOST_NUMBER: Final = 2**53 - 1

# Who says something without giving a name.
USUAL_NAME: Final = "mixsvc"


@dataclass(frozen=True)
class Access:
    """Who may read and who may write. token: what programs show; None: nobody may write. who: says who is there."""

    settings: ChatSettings
    token: bytes | None
    who: Authenticator

    def check_reader(self) -> None:
        """Refuses with 401 whom the chat would send away."""
        if not self.settings.guests and not self._has_token() and self.who(request.environ) is None:
            _unauthorized("This chat is not open to guests: come with a session or with a token.")

    def check_writer(self) -> None:
        """Refuses with 403 where there is no token, and with 401 whoever does not show it."""
        if self.token is None:
            refuse(403, "Nobody may say something this way before [chat] token_file names the file of a token.")
        if not self._has_token():
            _unauthorized("Show the token of [chat] token_file: Authorization: Bearer TOKEN.")

    def _has_token(self) -> bool:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if self.token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(shown.strip().encode("utf-8", "replace"), self.token)


def blueprint(mix: IMix, access: Access) -> Blueprint:
    """The routes below /api/rooms; those of messages block for the chat."""
    rooms = Blueprint("rooms", __name__, url_prefix="/api/rooms")

    @rooms.get("")
    def all_rooms() -> Response:
        chat = _chat(mix)
        access.check_reader()
        found = [
            {"room": each.room, "members": each.members, "topic": each.topic, "last": each.last}
            for each in chat.overview()
        ]
        return jsonify(rooms=found)

    @rooms.get("/<room>/messages")
    def messages(room: str) -> Response:
        chat = _chat(mix)
        access.check_reader()
        return _messages(chat, room)

    @rooms.post("/<room>/messages")
    def say(room: str) -> tuple[Response, int]:
        chat = _chat(mix)
        access.check_writer()
        return jsonify(room=room, number=_said(chat, room, access.settings)), 201

    rooms.after_request(_asked_anew)
    return rooms


def _asked_anew(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    return response


def _chat(mix: IMix) -> IChat:
    chat = mix.chat
    if chat is None:
        refuse(503, "This host does not serve the chat; `twistd mixsvc` does.")
    return chat


def _messages(chat: IChat, room: str) -> Response:
    before = number_in_query("before", 1, MOST_NUMBER)
    limit = number_in_query("limit", 1, MOST_LIMIT)
    _check_length(room)
    try:
        page = chat.page(room, before, USUAL_LIMIT if limit is None else limit)
    except NoSuchRoom as error:
        refuse(404, str(error))
    shown = [each.as_json() for each in page.messages]
    return jsonify(room=room, messages=shown, first=page.first, last=page.last)


def _said(chat: IChat, room: str, settings: ChatSettings) -> int:
    fields = json_object(settings.max_message)
    name = optional_text(fields, "name", MOST_NAME) or USUAL_NAME
    line = text(fields, "text", settings.max_text)
    if not line.strip():
        refuse(400, "The member text is nothing but white space.", member="text")
    key = optional_text(fields, "key", MOST_KEY)
    _check_length(room)
    try:
        return chat.say(room, name, line, key)
    except NoSuchRoom as error:
        refuse(404, str(error))
    except ValueError as error:
        refuse(400, str(error))


def _check_length(room: str) -> None:
    """A room's name is told back in an error: a stranger's text of any length is not."""
    if len(room) > MOST_ROOM:
        refuse(404, f"There is no such room: the name of a room has up to {MOST_ROOM} characters.")


def _unauthorized(detail: str) -> NoReturn:
    refuse(401, detail, {"WWW-Authenticate": "Bearer"})
