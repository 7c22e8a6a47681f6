"""The events of the chat protocol as JSON text, one function each. Pure."""

import json
from collections.abc import Callable, Iterable, Sequence
from json.encoder import encode_basestring
from typing import Any, Final

from mixsvc.chat.protocol.parsing import RequestRefused
from mixsvc.common.times import utc_milliseconds, utc_seconds
from mixsvc.interfaces import ChatMessage, ChatPage, Quote, RoomOverview, SearchPage

__all__ = [
    "BANNED",
    "LOGGED_OUT",
    "NAMES_AT_ONCE",
    "ROOMS_AT_ONCE",
    "about_room",
    "answers_among",
    "audit",
    "banned",
    "banned_reason",
    "came",
    "deleted",
    "done",
    "edited",
    "edits",
    "error",
    "found",
    "goodbye",
    "history",
    "joined",
    "kicked",
    "left",
    "logged_out",
    "message",
    "muted",
    "notice",
    "pong",
    "presence",
    "rates",
    "rooms",
    "said",
    "sanctions",
    "unmuted",
    "welcome",
    "went",
    "who",
]

# Names in one `who`.
NAMES_AT_ONCE: Final = 500

# Rooms in `welcome`, and in one `rooms`.
ROOMS_AT_ONCE: Final = 100

# The events whose second field is a room, and that tell what happens there; and the requests that some of them answer.
TELLING_OF_ROOM: Final = (
    "message",
    "came",
    "went",
    "presence",
    "deleted",
    "edited",
    "kicked",
    "joined",
    "history",
    "who",
)
ANSWERS: Final = (("joined", "join"), ("history", "history"), ("who", "who"), ("found", "search"))

# How the event begins that tells of several rooms, which it lists first.
FOUND: Final = '{"type":"found","rooms":'

# The close codes of a client that is banned, and of one whose login has ended.
BANNED: Final = 4003
LOGGED_OUT: Final = 4001

# The close code (RFC 6455, 7.4.1: going away) and the reason of a client whose name has become a moderator's.
RESERVED: Final = (1001, "Your name is a moderator's now; come back under another one")

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# What it does with a text.
_quoted: Final = encode_basestring


def welcome(name: str, rooms: Sequence[str], max_text: int, moderator: bool, epoch: str) -> str:
    """Answers hello: the client has this name. epoch: of the history."""
    return _event("welcome", name=name, rooms=rooms, max_text=max_text, moderator=moderator, epoch=epoch)


def joined(room: str, members: Sequence[str], count: int, topic: str, page: ChatPage) -> str:
    """Answers join: the client is in the room. members: the first names of `count`."""
    inside = {"members": members, "count": count, "topic": topic}
    history = {"epoch": page.epoch, "token": page.token, "reset": page.is_reset}
    changed = {"deleted": page.deleted, "edited": [each.as_json() for each in page.edited]}
    return _event("joined", room=room, **inside, **_page(page), **changed, **history)


def left(room: str) -> str:
    """Answers leave: the client is not in the room."""
    return _event("left", room=room)


def message(room: str, said: ChatMessage, token: str) -> str:
    """Somebody posted a message in a room."""
    if said.kind or said.is_deleted or said.is_edited:
        return _event("message", room=room, **said.as_json(), token=token)
    # Most of what the chat sends; in a fifth of the time.
    return (
        f'{{"type":"message","room":{_quoted(room)},"number":{said.number},"name":{_quoted(said.name)},'
        f'"text":{_quoted(said.text)},"time":"{utc_milliseconds(said.said_at)}","token":{_quoted(token)}}}'
    )


def said(room: str, number: int, key: str | None) -> str:
    """Answers say: the message is stored under this number."""
    with_key = "" if key is None else f',"key":{_quoted(key)}'
    return f'{{"type":"said","room":{_quoted(room)},"number":{number}{with_key}}}'


def came(room: str, name: str) -> str:
    """A person joined a room."""
    return _event("came", room=room, name=name)


def went(room: str, name: str) -> str:
    """A person left a room."""
    return _event("went", room=room, name=name)


def presence(room: str, count: int, members: Sequence[str] | None) -> str:
    """How many persons are in a room. members: None in a large room."""
    return _event("presence", room=room, count=count, **({"members": members} if members is not None else {}))


def deleted(room: str, number: int, by: str, topic: str) -> str:
    """A moderator or the author deleted a message. topic: the room's from now on, since the message may have set it."""
    return _event("deleted", room=room, number=number, by=by, topic=topic)


def edited(room: str, number: int, text: str, at: float | None) -> str:
    """The author gave a message another text. at: when, in seconds since 1970; None if that is not known."""
    when = {} if at is None else {"edited_at": utc_milliseconds(at)}
    return _event("edited", room=room, number=number, text=text, **when)


def kicked(room: str, name: str, by: str, reason: str) -> str:
    """A moderator removed a person from a room."""
    return _event("kicked", room=room, name=name, by=by, reason=reason)


def muted(name: str, by: str, until: str, reason: str) -> str:
    """A moderator muted a person. until: UTC, as text."""
    return _event("muted", name=name, by=by, until=until, reason=reason)


def banned(name: str, by: str, until: str, reason: str) -> str:
    """A moderator banned a person. until: UTC, as text."""
    return _event("banned", name=name, by=by, until=until, reason=reason)


def unmuted(name: str, by: str) -> str:
    """A moderator ended a person's mute."""
    return _event("unmuted", name=name, by=by)


def logged_out() -> str:
    """The login with which the connection was opened has ended; the connection is closed."""
    return _event("logged_out")


def history(room: str, page: ChatPage) -> str:
    """Answers history: a page of older messages."""
    return _event("history", room=room, **_page(page))


def found(page: SearchPage, text: str, key: str | None) -> str:
    """Answers search: messages that have all words of the text. key: the request's."""
    rooms = sorted({each.room for each in page.messages} | {*page.before})
    messages = [each.as_json() for each in page.messages]
    more = {"before": page.before} if page.before else {}
    given = {"key": key} if key is not None else {}
    return _event("found", rooms=rooms, text=text, words=page.words, messages=messages, **more, **given)


def rooms(overview: Iterable[RoomOverview], more: bool) -> str:
    """Answers rooms. more: whether there are more rooms after these."""
    items = [{"room": each.room, "members": each.members, "topic": each.topic} for each in overview]
    return _event("rooms", rooms=items, more=more)


def who(room: str, members: Sequence[str], count: int, more: bool) -> str:
    """Answers who. more: whether there are more members after these."""
    return _event("who", room=room, members=members, count=count, more=more)


def rates(quotes: Iterable[Quote]) -> str:
    """Quotes of pairs that the client subscribed to."""
    return _event("rates", quotes=[each.as_json() for each in quotes])


def pong() -> str:
    """Answers ping: the server is there."""
    return _event("pong")


def goodbye(retry: float) -> str:
    """The last event of a connection that the service closes. retry: after how many seconds to come back."""
    return _event("goodbye", retry=round(retry, 3))


def notice(text: str) -> str:
    """A text for one client alone, such as the list of commands."""
    return _event("notice", text=text)


def done(of: str, **about: str | int) -> str:
    """Answers a moderator or an author: the change is stored and in force. of: the type of the request.

    about: the room and the number of the message that is changed or deleted.
    """
    return _event("done", of=of, **about)


def edits(room: str, number: int, texts: Sequence[dict[str, Any]]) -> str:
    """Answers a moderator with the texts that a message has had."""
    return _event("edits", room=room, number=number, texts=texts)


def sanctions(items: Sequence[dict[str, Any]]) -> str:
    """Answers a moderator with the mutes and bans in force."""
    return _event("sanctions", sanctions=items)


def audit(entries: Sequence[dict[str, Any]]) -> str:
    """Answers a moderator with entries of the audit log."""
    return _event("audit", entries=entries)


def error(refused: RequestRefused) -> str:
    """A request was refused."""
    return _event("error", code=refused.code, text=refused.text, **refused.more)


def about_room(room: str) -> Callable[[str], bool]:
    """Whether an event tells what is said or done in a room, for those who may not know it any more."""
    beginnings = tuple(f'{{"type":"{type}","room":{_encode(room)},' for type in TELLING_OF_ROOM)
    return lambda event: (
        event.startswith(beginnings) or (event.startswith(FOUND) and room in json.loads(event)["rooms"])
    )


def answers_among(told: Iterable[str]) -> Sequence[str]:
    """The types of the requests that some of these events answer. told: events for which `about_room` is true."""
    return [type for event in told for answer, type in ANSWERS if event.startswith(f'{{"type":"{answer}",')]


def banned_reason(until: float) -> str:
    """The reason that goes with the close code BANNED. until: seconds since 1970, UTC."""
    return f"Banned until {utc_seconds(until)}"


def _event(type: str, **fields: Any) -> str:
    return _encode({"type": type, **fields})


def _page(page: ChatPage) -> dict[str, Any]:
    messages = [each.as_json() for each in page.messages]
    return {"messages": messages, "first": page.first, "last": page.last}
