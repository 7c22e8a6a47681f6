"""What the chat tells its clients, as JSON text (docs/reference/chat-protocol.md). Pure."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mixsvc.chat.protocol.parsing import RequestRefused
from mixsvc.interfaces import ChatMessage, ChatPage, Quote, RoomOverview

__all__ = [
    "came",
    "deleted",
    "done",
    "entries",
    "error",
    "history",
    "joined",
    "kicked",
    "left",
    "message",
    "notice",
    "presence",
    "rates",
    "rooms",
    "said",
    "sanctioned",
    "unmuted",
    "welcome",
    "went",
    "who",
]

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def welcome(name: str, rooms: Sequence[str], max_text: int, moderator: bool) -> str:
    """The name is yours."""
    return _event("welcome", name=name, rooms=rooms, max_text=max_text, moderator=moderator)


def joined(room: str, members: Sequence[str], count: int, topic: str, page: ChatPage) -> str:
    """You are inside."""
    inside = {"members": members, "count": count, "topic": topic}
    return _event("joined", room=room, **inside, **_page(page), deleted=page.deleted)


def left(room: str) -> str:
    """You are outside."""
    return _event("left", room=room)


def message(room: str, said: ChatMessage) -> str:
    """Somebody said something."""
    return _event("message", room=room, **said.as_json())


def said(room: str, number: int, key: str | None) -> str:
    """Yours is stored."""
    return _event("said", room=room, number=number, **({"key": key} if key is not None else {}))


def came(room: str, name: str) -> str:
    """Somebody joined."""
    return _event("came", room=room, name=name)


def went(room: str, name: str) -> str:
    """Somebody left."""
    return _event("went", room=room, name=name)


def presence(room: str, count: int, members: Sequence[str] | None) -> str:
    """So many are inside; members: None in a large room."""
    return _event("presence", room=room, count=count, **({"members": members} if members is not None else {}))


def deleted(room: str, number: int, by: str, topic: str) -> str:
    """A message's text is gone; topic: what the room's is now, as it may have been that."""
    return _event("deleted", room=room, number=number, by=by, topic=topic)


def kicked(room: str, name: str, by: str, reason: str) -> str:
    """Somebody was put out of the room."""
    return _event("kicked", room=room, name=name, by=by, reason=reason)


def sanctioned(type: str, name: str, by: str, until: str, reason: str) -> str:
    """Somebody was muted or banned: type is `muted` or `banned`."""
    return _event(type, name=name, by=by, until=until, reason=reason)


def unmuted(name: str, by: str) -> str:
    """Somebody may speak again."""
    return _event("unmuted", name=name, by=by)


def history(room: str, page: ChatPage) -> str:
    """What was said before."""
    return _event("history", room=room, **_page(page))


def rooms(overview: Iterable[RoomOverview], more: bool) -> str:
    """Rooms there are, or a part of them."""
    items = [{"room": each.room, "members": each.members, "topic": each.topic} for each in overview]
    return _event("rooms", rooms=items, more=more)


def who(room: str, members: Sequence[str], count: int, more: bool) -> str:
    """Who is inside, or a part of them."""
    return _event("who", room=room, members=members, count=count, more=more)


def rates(quotes: Iterable[Quote]) -> str:
    """Quotes of pairs that somebody subscribed to."""
    return _event("rates", quotes=[each.as_json() for each in quotes])


def notice(text: str) -> str:
    """Something to read, for one person alone."""
    return _event("notice", text=text)


def done(of: str) -> str:
    """What a moderator asked for is stored and holds."""
    return _event("done", of=of)


def entries(type: str, name: str, items: Sequence[dict[str, Any]]) -> str:
    """A list for moderators: the sanctions in force, or entries of the audit log."""
    return _event(type, **{name: items})


def error(refused: RequestRefused) -> str:
    """Something was refused."""
    return _event("error", code=refused.code, text=refused.text, **refused.more)


def _event(type: str, **fields: Any) -> str:
    return _encode({"type": type, **fields})


def _page(page: ChatPage) -> dict[str, Any]:
    messages = [each.as_json() for each in page.messages]
    return {"messages": messages, "first": page.first, "last": page.last}
