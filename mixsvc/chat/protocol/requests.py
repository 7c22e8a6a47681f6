"""The requests of the chat protocol, one class each; this folder's docstring says what they do. Pure."""

from typing import ClassVar, Final, TypeAlias

from mixsvc.common.records import record

__all__ = [
    "MODERATING",
    "RECALLED",
    "WRITING",
    "Audit",
    "Ban",
    "Delete",
    "Edit",
    "Edits",
    "Hello",
    "History",
    "Join",
    "Kick",
    "Leave",
    "ListRooms",
    "ListSanctions",
    "Mute",
    "Ping",
    "Request",
    "Say",
    "Search",
    "Subscribe",
    "Unban",
    "Unmute",
    "Who",
]


@record
class Hello:
    """Gives the connection a name. token: the same for all connections of one person.

    identity: a token that the application has signed (mixsvc.common.person_tokens).
    """

    type: ClassVar[str] = "hello"
    name: str | None
    token: str | None = None
    identity: str | None = None


@record
class Join:
    """Joins a room. since: the highest message number that the client has seen there.

    epoch, token: of the history that it has seen there; None if it does not know them.
    """

    type: ClassVar[str] = "join"
    room: str
    since: int | None
    epoch: str | None = None
    token: str | None = None


@record
class Leave:
    """Leaves a room."""

    type: ClassVar[str] = "leave"
    room: str


@record
class Say:
    """Posts a message in a room. key: the same when the client sends the message again."""

    type: ClassVar[str] = "say"
    room: str
    text: str
    key: str | None


@record
class History:
    """Asks for the newest messages of a room, of those with numbers below `before`."""

    type: ClassVar[str] = "history"
    room: str
    before: int | None
    limit: int


@record
class Search:
    """Asks for the newest messages that have all words of a text. room: None for all rooms that the client is in.

    before: the rooms in which it goes on, each with the number below which; None: from the newest messages on.
    """

    type: ClassVar[str] = "search"
    text: str
    room: str | None
    before: tuple[tuple[str, int], ...] | None
    limit: int
    key: str | None


@record
class ListRooms:
    """Asks for the rooms that follow `after` in the list."""

    type: ClassVar[str] = "rooms"
    after: str | None


@record
class Who:
    """Asks for the members of a room whose names follow `after` in the list."""

    type: ClassVar[str] = "who"
    room: str
    after: str | None


@record
class Subscribe:
    """Subscribes to the rates of these pairs, in place of those before."""

    type: ClassVar[str] = "subscribe"
    pairs: tuple[str, ...]


@record
class Edit:
    """Gives a message of one's own another text."""

    type: ClassVar[str] = "edit"
    room: str
    number: int
    text: str


@record
class Delete:
    """Deletes the text of a message: one's own, or a moderator anybody's."""

    type: ClassVar[str] = "delete"
    room: str
    number: int


@record
class Kick:
    """Removes a person from a room."""

    type: ClassVar[str] = "kick"
    room: str
    name: str
    reason: str


@record
class Mute:
    """Forbids a person to post for some seconds."""

    type: ClassVar[str] = "mute"
    name: str
    seconds: int
    reason: str


@record
class Unmute:
    """Ends a mute."""

    type: ClassVar[str] = "unmute"
    name: str


@record
class Ban:
    """Closes the connections of a person or of an address, and refuses new ones for some seconds.

    name, address: one of both is empty.
    """

    type: ClassVar[str] = "ban"
    name: str
    address: str
    seconds: int
    reason: str


@record
class Unban:
    """Ends a ban of a person or of an address. name, address: one of both is empty."""

    type: ClassVar[str] = "unban"
    name: str
    address: str


@record
class ListSanctions:
    """Asks for the mutes and bans in force."""

    type: ClassVar[str] = "sanctions"


@record
class Edits:
    """Asks for the texts that a message has had."""

    type: ClassVar[str] = "edits"
    room: str
    number: int


@record
class Ping:
    """Asks for a sign of life."""

    type: ClassVar[str] = "ping"


@record
class Audit:
    """Asks for entries of the audit log."""

    type: ClassVar[str] = "audit"
    before: int | None
    limit: int


Request: TypeAlias = (
    Hello
    | Join
    | Leave
    | Say
    | History
    | Search
    | ListRooms
    | Who
    | Subscribe
    | Edit
    | Delete
    | Kick
    | Mute
    | Unmute
    | Ban
    | Unban
    | ListSanctions
    | Edits
    | Audit
    | Ping
)

# The requests that only moderators may make.
MODERATING: Final = (Kick, Mute, Unmute, Ban, Unban, ListSanctions, Edits, Audit)

# The requests with which people write: what they say, and what they change of that.
WRITING: Final = (Say, Edit, Delete)

# The requests that a node answers from memory.
RECALLED: Final = (Hello, Join, Leave, ListRooms, Who, History, Subscribe)
