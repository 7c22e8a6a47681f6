"""The chat: messages and rooms as views see them, and the chat itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from zope.interface import Attribute, Interface

from mixsvc.common.times import utc_milliseconds

__all__ = ["ChatMessage", "ChatPage", "IChat", "RoomOverview"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message in a room.

    number: its place in the room, from 1 on. said_at: seconds since 1970, UTC.
    kind: "" for an ordinary message, else "action", "topic" or "answer" (docs/reference/chat-protocol.md).
    is_deleted: a moderator deleted the text; the number stays.
    """

    number: int
    name: str
    text: str
    said_at: float
    kind: str = ""
    is_deleted: bool = False

    def as_json(self) -> dict[str, object]:
        """The JSON object of the chat protocol and of the HTTP API."""
        fields: dict[str, object] = {
            "number": self.number,
            "name": self.name,
            "text": self.text,
            "time": utc_milliseconds(self.said_at),
        }
        if self.kind:
            fields["kind"] = self.kind
        if self.is_deleted:
            fields["deleted"] = True
        return fields


@dataclass(frozen=True, slots=True)
class ChatPage:
    """Messages of a room, the oldest first, and which numbers the room still keeps.

    last: the number of the newest message, 0 if there never was one. first: the lowest number that is kept, last + 1
    if none is. deleted: the numbers of deleted messages, outside this page, that the reader may still show.
    epoch: names the history; numbers of another epoch mean other messages. token: tells the message `last` from others
    that had its number. is_reset: the reader has seen another history, and the page begins this one.
    """

    messages: Sequence[ChatMessage]
    first: int
    last: int
    topic: str = ""
    deleted: Sequence[int] = ()
    epoch: str = ""
    token: str = ""
    is_reset: bool = False


@dataclass(frozen=True, slots=True)
class RoomOverview:
    """A room in a list of rooms. members: how many persons are inside. last: the number of its newest message."""

    room: str
    members: int
    topic: str
    last: int


class IChat(Interface):
    """The chat for the other parts of the process. Methods that read a snapshot may be called in any thread."""

    prefix: str = Attribute("The path of the SockJS endpoint, such as /chat.")

    def rooms() -> Sequence[str]:
        """Returns the names of the rooms: a snapshot.

        In a host whose chat another process serves, this and the next two raise ServiceBusy while no process does.
        """

    def members(room: str) -> Sequence[str]:
        """Returns the names of the persons in a room, sorted: a snapshot. Empty if there is no such room."""

    def overview() -> Sequence[RoomOverview]:
        """Returns the rooms, those of the settings first: a snapshot."""

    def page(room: str, before: int | None, limit: int) -> ChatPage:
        """Returns the newest `limit` (1 to 200) messages of a room, or the newest with numbers below `before`.

        Called in a worker thread, never in the reactor's. Raises NoSuchRoom and ServiceBusy.
        """

    def claim(name: str, person: str) -> str:
        """Returns the normal spelling of a name that this person may use now, as nobody else does.

        Called in a worker thread, never in the reactor's. Raises NameTaken, ServiceBusy, and ValueError if the text
        cannot be a name.
        """

    def say(room: str, name: str, text: str, key: str | None = None) -> int:
        """Sends a text to a room under a name, and returns the number of the message once it is stored.

        Called in a worker thread, never in the reactor's. Raises ValueError if the chat refuses the room, the name
        or the text, and ServiceBusy if the reactor does not answer in time or the message cannot be stored now. The
        caller decides who may use the name; the chat does not check that. key: the chat stores the same text with the
        same key once.
        """
