"""What the chat stores, and what it asks the database for: values, the same for every database."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import Final, Generic, TypeVar

from mixsvc.chat.model.acts import Act
from mixsvc.chat.model.epochs import Known
from mixsvc.common.records import record
from mixsvc.common.times import utc_milliseconds
from mixsvc.interfaces import ChatMessage

__all__ = [
    "HOOK",
    "TOPIC",
    "Age",
    "AuditEntry",
    "Correction",
    "Draft",
    "EarlierText",
    "NewMessages",
    "PageQuery",
    "Period",
    "StorageLimits",
    "StoredAct",
    "StoredMessage",
    "Unchanged",
]

A = TypeVar("A", bound=Act)

# The kind of message that changes the room's topic.
TOPIC: Final = "topic"

# The kind of a message that an incoming webhook has written.
HOOK: Final = "hook"


@record
class Draft:
    """A message that is to be stored. said_at: seconds since 1970, UTC. key: the client's key, if it gave one.

    mark: tells it from every other draft, also one with the same key; None: it gets one when it is stored.
    author: tells who may edit and delete it from everybody else (Client.author); None if nobody may.
    """

    room: str
    name: str
    text: str
    said_at: float
    key: str | None
    kind: str = ""
    author: str | None = None
    mark: int | None = field(default=None, compare=False)


@record
class StoredMessage:
    """A message that is stored. is_repeated: another draft was stored before under the same key, and broadcast then.

    token: the message's, "" for a repeated one.
    """

    message: ChatMessage
    is_repeated: bool = False
    token: str = field(default="", compare=False)


@record
class Correction:
    """What an author changes: which message of which room.

    author: as in Draft. seconds: for how long after it was said a message may be changed. now: the time of day, in
    seconds since 1970, UTC; PostgreSQL goes by its own clock.
    """

    room: str
    number: int
    author: str
    seconds: float
    now: float


class Unchanged(Enum):
    """Why a message is not changed: it is not there or was deleted, is somebody else's, was said too long ago, ...

    ... is the change of a topic, or has this text.
    """

    MISSING = "missing"
    FOREIGN = "foreign"
    LATE = "late"
    TOPIC = "topic"
    SAME = "same"


@record
class EarlierText:
    """A text that a message had, or has. since: when it got it, in seconds since 1970, UTC."""

    since: float
    text: str

    def as_json(self) -> dict[str, object]:
        """Returns the JSON object of the chat protocol."""
        return {"text": self.text, "time": utc_milliseconds(self.since)}


@record
class NewMessages:
    """The messages of a room behind a number, in order, all that there are up to `last`; each with its token."""

    last: int
    messages: Sequence[StoredMessage]


@record
class PageQuery:
    """Asks for the newest `limit` messages of a room whose numbers are above `after` and below `before`.

    seen: the highest number that the client has seen; the page has which messages up to it were deleted, or edited.
    known: the history that it has seen them in; None for a reader that does not come back. If the room's history is
    another one, the page has the newest messages, whatever `after` says.
    """

    room: str
    after: int
    limit: int
    before: int | None = None
    seen: int = 0
    known: Known | None = None


@record
class StorageLimits:
    """keep: how many messages of a room are kept. page_bytes: how long the messages of a page may be as JSON.

    epoch: of the history in the database.
    """

    keep: int
    page_bytes: int
    epoch: str = ""


@record
class Age:
    """now: the time of day. cutoff: messages that were said before it are old. Both in seconds since 1970, UTC."""

    now: float
    cutoff: float


@record
class Period:
    """Messages of a time: of each room the numbers above `after` and up to `up_to`, said from `began` to `ended`.

    after: 0 for a room that is missing. began, ended: as stored, in seconds since 1970, UTC.
    """

    after: Mapping[str, int]
    up_to: Mapping[str, int]
    began: float
    ended: float


@record
class StoredAct(Generic[A]):
    """An act of a moderator or an author as it is stored. event: its number in the journal, 0 in a chat of one node."""

    act: A
    event: int = 0


@record
class AuditEntry:
    """An entry of the audit log: what a moderator did.

    number: its place in the log, 0 before it is stored. at: seconds since 1970, UTC. by: the moderator's name.
    action: the type of the request, such as mute. room, target, reason: "" for none; target is a name, an address or a
    message's number. The caller limits the length of the texts: the log is kept for ever.
    """

    number: int
    at: float
    by: str
    action: str
    room: str
    target: str
    reason: str

    def as_json(self) -> dict[str, object]:
        """Returns the JSON object of the chat protocol; empty fields are left out."""
        texts = {
            "by": self.by,
            "action": self.action,
            "room": self.room,
            "target": self.target,
            "reason": self.reason,
        }
        given = {name: text for name, text in texts.items() if text}
        return {"number": self.number, "time": utc_milliseconds(self.at), **given}
