"""The requests that a client sends besides `say`.

One is sent after the answer to the one before, so the client knows which request an error is about.

Each has its `type` in the protocol (docs/reference/chat-protocol.md), the `room` it is about ("" for none), and
`encoded()`, the JSON text to send.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from mixsvc.client import parsing
from mixsvc.client.rooms import JoinedRoom
from mixsvc.interfaces import ChatPage, SearchPage

__all__ = [
    "AskedRequest",
    "ChangeRequest",
    "ClientRequest",
    "GapRequest",
    "HelloRequest",
    "HistoryRequest",
    "JoinRequest",
    "LeaveRequest",
    "SearchRequest",
]


@dataclass(eq=False)
class HelloRequest:
    """Asks the server to accept this name; the token proves later that it is ours."""

    name: str
    token: str
    type: str = field(default="hello", init=False)
    room: str = field(default="", init=False)

    def encoded(self) -> str:
        return parsing.encode("hello", name=self.name, token=self.token)


@dataclass(eq=False)
class JoinRequest:
    """Enters a room; the server answers with the messages after the cursor, if it has the same history."""

    target: JoinedRoom
    type: str = field(default="join", init=False)

    @property
    def room(self) -> str:
        return self.target.name

    def encoded(self) -> str:
        cursor = self.target.cursor
        known = {"epoch": cursor.epoch or None, "token": cursor.token or None} if cursor.since is not None else {}
        return parsing.encode("join", room=self.room, since=cursor.since, **known)


@dataclass(eq=False)
class LeaveRequest:
    """Leaves a room."""

    room: str
    type: str = field(default="leave", init=False)

    def encoded(self) -> str:
        return parsing.encode("leave", room=self.room)


@dataclass(eq=False)
class GapRequest:
    """Fetches one page of the messages that a room's cursor lacks."""

    target: JoinedRoom
    before: int
    limit: int
    type: str = field(default="history", init=False)

    @property
    def room(self) -> str:
        return self.target.name

    def encoded(self) -> str:
        return parsing.encode("history", room=self.room, before=self.before, limit=self.limit)


@dataclass(eq=False)
class HistoryRequest:
    """Fetches one page of a room's history for the caller of `ChatClient.history`."""

    room: str
    before: int | None
    limit: int | None
    answer: "Deferred[ChatPage]"
    type: str = field(default="history", init=False)

    def encoded(self) -> str:
        return parsing.encode("history", room=self.room, before=self.before, limit=self.limit)


@dataclass(eq=False)
class SearchRequest:
    """Finds messages for the caller of `ChatClient.search`. room: "" for all rooms that the client is in."""

    text: str
    room: str
    before: Mapping[str, int] | None
    limit: int | None
    answer: "Deferred[SearchPage]"
    type: str = field(default="search", init=False)

    def encoded(self) -> str:
        before = None if self.before is None else dict(self.before)
        return parsing.encode("search", text=self.text, room=self.room or None, before=before, limit=self.limit)


@dataclass(eq=False)
class ChangeRequest:
    """Changes a message of the caller of `ChatClient.edit` or `delete`. text: None to delete it.

    is_repeated: it was sent before, over a connection that was lost.
    """

    room: str
    number: int
    text: str | None
    answer: "Deferred[None]"
    is_repeated: bool = False

    @property
    def type(self) -> str:
        return "delete" if self.text is None else "edit"

    def encoded(self) -> str:
        return parsing.encode(self.type, room=self.room, number=self.number, text=self.text)


# What the user waits for.
AskedRequest = HistoryRequest | SearchRequest | ChangeRequest

ClientRequest = HelloRequest | JoinRequest | LeaveRequest | GapRequest | AskedRequest
