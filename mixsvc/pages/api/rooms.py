"""The chat over HTTP: its rooms, their messages, and a way for programs to send messages."""

import hmac
from collections.abc import Sequence
from typing import Final, NoReturn

from flask import Blueprint, Response, jsonify, request

from mixsvc.answers.answer import Answer, make_answer
from mixsvc.answers.rooms import room_list
from mixsvc.common.addresses import network
from mixsvc.common.numbers import MAX_JSON_NUMBER
from mixsvc.common.records import record
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import NoSuchRoom
from mixsvc.interfaces import Authenticator, IChat, IMix, RoomOverview
from mixsvc.pages.api.answering import sent, sent_to_everybody
from mixsvc.pages.api.json_body import json_object, number_in_query, optional_text, refuse, text, text_in_query

__all__ = ["ChatAccess", "blueprint", "chat_of", "check_length"]

# The limits of docs/reference/chat-protocol.md. A name may have more characters before it is normalised.
MAX_NAME: Final = 128
MAX_ROOM: Final = 32
MAX_KEY: Final = 64
MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
MAX_SEARCH: Final = 200
MAX_FOUND: Final = 50
DEFAULT_FOUND: Final = 20

# The person that a program with the token is, for the application's permissions.
PROGRAM: Final = "program:api_token"

# The name of a program that gives none.
DEFAULT_NAME: Final = "mixsvc"


@record
class ChatAccess:
    """Who may read the chat and who may write to it over HTTP.

    token: what programs send; None: nobody may write. authenticate: says who sent a request.
    """

    settings: ChatSettings
    token: bytes | None
    authenticate: Authenticator

    def check_reader(self) -> None:
        """Refuses with 401 somebody whom the chat itself would refuse."""
        if not self.settings.guests and not self._has_token() and self.authenticate(request.environ) is None:
            _unauthorized("This chat is not open to guests: log in, or send a token.")

    def check_writer(self) -> None:
        """Refuses with 403 if there is no token, and with 401 a request without it."""
        if self.token is None:
            refuse(403, "Messages cannot be sent over HTTP: [chat] token_file is not set.")
        if not self._has_token():
            _unauthorized("Send the token that [chat] token_file holds: Authorization: Bearer TOKEN.")

    def rooms(self, chat: IChat) -> Sequence[RoomOverview]:
        """The rooms that who sent the request may see. Raises ServiceBusy."""
        return chat.seen_by(self._person()) if chat.asks_permission else chat.overview()

    def permits(self, chat: IChat, action: str, room: str) -> bool:
        """Whether the application lets who sent the request do something in a room. Raises ServiceBusy."""
        return not chat.asks_permission or chat.allows(self._person(), action, room)

    def check(self, chat: IChat, action: str, room: str) -> None:
        """Refuses with 403 what `permits` does not. Raises ServiceBusy."""
        if not self.permits(chat, action, room):
            refuse(403, "You may not do this in this room.")

    def sent(self, chat: IChat, answer: Answer) -> Response:
        """The response with something of the chat: compressed only where everybody may read the chat."""
        return sent_to_everybody(answer) if self.is_open(chat) else sent(answer)

    def is_open(self, chat: IChat) -> bool:
        """Whether everybody may read the chat. Raises ServiceBusy."""
        return self.settings.guests and not chat.asks_permission

    def searcher(self) -> str:
        """For whom searches are counted: a program is trusted, and strangers are told apart by their addresses."""
        if self._has_token():
            return ""
        identity = self.authenticate(request.environ)
        return identity.person if identity is not None else f"address:{network(request.remote_addr or '')}"

    def _person(self) -> str | None:
        if self._has_token():
            return PROGRAM
        identity = self.authenticate(request.environ)
        return identity.person if identity is not None else None

    def _has_token(self) -> bool:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if self.token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(shown.strip(" \t").encode("utf-8", "replace"), self.token)


def blueprint(mix: IMix, access: ChatAccess) -> Blueprint:
    """The routes below /api/rooms; those for messages wait for the chat."""
    rooms = Blueprint("rooms", __name__, url_prefix="/api/rooms")

    @rooms.get("")
    def all_rooms() -> Response:
        chat = chat_of(mix)
        access.check_reader()
        return access.sent(chat, room_list(access.rooms(chat)))

    @rooms.get("/<room>/messages")
    def messages(room: str) -> Response:
        chat = chat_of(mix)
        access.check_reader()
        return _messages(chat, room, access)

    @rooms.get("/<room>/search")
    def search(room: str) -> Response:
        chat = chat_of(mix)
        access.check_reader()
        return _found(chat, room, access)

    @rooms.post("/<room>/messages")
    def say(room: str) -> tuple[Response, int]:
        chat = chat_of(mix)
        access.check_writer()
        return jsonify(room=room, number=_said(chat, room, access)), 201

    rooms.after_request(_revalidate)
    return rooms


def _revalidate(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    return response


def chat_of(mix: IMix) -> IChat:
    """The chat. Refuses with 503 if this host does not serve it."""
    chat = mix.chat
    if chat is None:
        refuse(503, "This host does not serve the chat; `twistd mixsvc` does.")
    return chat


def _messages(chat: IChat, room: str, access: ChatAccess) -> Response:
    before = number_in_query("before", 1, MAX_JSON_NUMBER)
    limit = number_in_query("limit", 1, MAX_LIMIT)
    check_length(room)
    access.check(chat, "history", room)
    try:
        page = chat.page(room, before, DEFAULT_LIMIT if limit is None else limit)
    except NoSuchRoom as error:
        refuse(404, str(error))
    # Again, as the permission may have been revoked while the page was read.
    access.check(chat, "history", room)
    shown = [each.as_json() for each in page.messages]
    found = jsonify(room=room, messages=shown, first=page.first, last=page.last, epoch=page.epoch)
    return access.sent(chat, make_answer(200, b"application/json", found.get_data()))


def _found(chat: IChat, room: str, access: ChatAccess) -> Response:
    text = text_in_query("q", MAX_SEARCH)
    before = number_in_query("before", 1, MAX_JSON_NUMBER)
    limit = number_in_query("limit", 1, MAX_FOUND)
    check_length(room)
    access.check(chat, "search", room)
    try:
        page = chat.search(room, text, before, DEFAULT_FOUND if limit is None else limit, access.searcher())
    except NoSuchRoom as error:
        refuse(404, str(error))
    except ValueError as error:
        refuse(400, str(error), member="q")
    # Again, as the permission may have been revoked while the messages were searched.
    access.check(chat, "search", room)
    more = {"before": page.before[room]} if room in page.before else {}
    # Never compressed: it repeats words of the request beside those of messages.
    return jsonify(room=room, messages=[each.message.as_json() for each in page.messages], words=page.words, **more)


def _said(chat: IChat, room: str, access: ChatAccess) -> int:
    settings = access.settings
    fields = json_object(settings.max_message)
    name = optional_text(fields, "name", MAX_NAME) or DEFAULT_NAME
    line = text(fields, "text", settings.max_text)
    if not line.strip():
        refuse(400, "The member text is only white space.", member="text")
    key = optional_text(fields, "key", MAX_KEY)
    check_length(room)
    access.check(chat, "say", room)
    try:
        return chat.say(room, name, line, key)
    except NoSuchRoom as error:
        refuse(404, str(error))
    except ValueError as error:
        refuse(400, str(error))


def check_length(room: str) -> None:
    """Refuses with 404 a name that is too long: an error quotes the room's name, so it is refused first."""
    if len(room) > MAX_ROOM:
        refuse(404, f"There is no such room: the name of a room has at most {MAX_ROOM} characters.")


def _unauthorized(detail: str) -> NoReturn:
    refuse(401, detail, {"WWW-Authenticate": "Bearer"})
