"""What a client can ask of the chat (docs/reference/chat-protocol.md). Pure."""

from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

__all__ = [
    "MODERATING",
    "Audit",
    "Ban",
    "Delete",
    "Hello",
    "History",
    "Join",
    "Kick",
    "Leave",
    "ListRooms",
    "ListSanctions",
    "Mute",
    "Request",
    "Say",
    "Subscribe",
    "Unban",
    "Unmute",
    "Who",
]


@dataclass(frozen=True, slots=True)
class Hello:
    """This is who I am."""

    type: ClassVar[str] = "hello"
    name: str | None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Let me into a room; since: the highest number seen there."""

    type: ClassVar[str] = "join"
    room: str
    since: int | None


@dataclass(frozen=True, slots=True)
class Leave:
    """Let me out of a room."""

    type: ClassVar[str] = "leave"
    room: str


@dataclass(frozen=True, slots=True)
class Say:
    """Say a text in a room; the key is the same when it is said again."""

    type: ClassVar[str] = "say"
    room: str
    text: str
    key: str | None


@dataclass(frozen=True, slots=True)
class History:
    """What was said in a room before a number."""

    type: ClassVar[str] = "history"
    room: str
    before: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class ListRooms:
    """Which rooms are there, of those that come later in the list than this one?"""

    type: ClassVar[str] = "rooms"
    after: str | None


@dataclass(frozen=True, slots=True)
class Who:
    """Who is in a room, of those whose names come later in the list?"""

    type: ClassVar[str] = "who"
    room: str
    after: str | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Send me the rates of these pairs, and no others."""

    type: ClassVar[str] = "subscribe"
    pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a message's text away."""

    type: ClassVar[str] = "delete"
    room: str
    number: int


@dataclass(frozen=True, slots=True)
class Kick:
    """Put a person out of a room."""

    type: ClassVar[str] = "kick"
    room: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mute:
    """Take a person's voice for some seconds."""

    type: ClassVar[str] = "mute"
    name: str
    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unmute:
    """Give it back."""

    type: ClassVar[str] = "unmute"
    name: str


@dataclass(frozen=True, slots=True)
class Ban:
    """Send a person, or all of an address, away for some seconds; one of the two is empty."""

    type: ClassVar[str] = "ban"
    name: str
    address: str
    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Unban:
    """Let them come back; one of the two is empty."""

    type: ClassVar[str] = "unban"
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ListSanctions:
    """Who is muted or banned?"""

    type: ClassVar[str] = "sanctions"


@dataclass(frozen=True, slots=True)
class Audit:
    """What did moderators do?"""

    type: ClassVar[str] = "audit"
    before: int | None
    limit: int


Request: TypeAlias = (
    Hello
    | Join
    | Leave
    | Say
    | History
    | ListRooms
    | Who
    | Subscribe
    | Delete
    | Kick
    | Mute
    | Unmute
    | Ban
    | Unban
    | ListSanctions
    | Audit
)

# Only moderators may ask for these.
MODERATING: Final = (Delete, Kick, Mute, Unmute, Ban, Unban, ListSanctions, Audit)
