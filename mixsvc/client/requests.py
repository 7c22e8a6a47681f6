"""What a client asks for besides saying something: one request at a time, so that each refusal is known for its own."""

from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from mixsvc.client import parsing
from mixsvc.client.rooms import Room
from mixsvc.interfaces import ChatPage

__all__ = ["Hello", "History", "Join", "Leave", "Page", "Request"]


@dataclass(eq=False)
class Hello:
    """This is who we are."""

    name: str
    token: str
    type: str = field(default="hello", init=False)
    room: str = field(default="", init=False)

    def encoded(self) -> str:
        return parsing.encode("hello", name=self.name, token=self.token)


@dataclass(eq=False)
class Join:
    """Let us into a room."""

    wanted: Room
    type: str = field(default="join", init=False)

    @property
    def room(self) -> str:
        return self.wanted.name

    def encoded(self) -> str:
        return parsing.encode("join", room=self.room, since=self.wanted.place.since)


@dataclass(eq=False)
class Leave:
    """Let us out of a room."""

    room: str
    type: str = field(default="leave", init=False)

    def encoded(self) -> str:
        return parsing.encode("leave", room=self.room)


@dataclass(eq=False)
class Page:
    """A page that is missing in what a listener was told."""

    wanted: Room
    before: int
    limit: int
    type: str = field(default="history", init=False)

    @property
    def room(self) -> str:
        return self.wanted.name

    def encoded(self) -> str:
        return parsing.encode("history", room=self.room, before=self.before, limit=self.limit)


@dataclass(eq=False)
class History:
    """A page that somebody asks for."""

    room: str
    before: int | None
    limit: int | None
    answer: "Deferred[ChatPage]"
    type: str = field(default="history", init=False)

    def encoded(self) -> str:
        return parsing.encode("history", room=self.room, before=self.before, limit=self.limit)


Request = Hello | Join | Leave | Page | History
