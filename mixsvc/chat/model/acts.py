"""What all nodes do in one order, such as moderators' acts: values, and the journal's events that carry them. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, TypeAlias

from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.common.records import record
from mixsvc.nodes.interfaces import JournalEvent

__all__ = [
    "Act",
    "Deletion",
    "Edition",
    "Lift",
    "LogOut",
    "Oblivion",
    "Removal",
    "TopicChange",
    "Withdrawal",
    "act_of",
    "event_of",
]


@record
class Deletion:
    """A message lost its text. by: the name of the moderator or the author. topic: the room's from now on."""

    room: str
    number: int
    by: str
    topic: str


@record
class Edition:
    """A message has another text. text: None if it was deleted meanwhile.

    at: since when, in seconds since 1970; None if a process of an older version has stored it.
    """

    room: str
    number: int
    text: str | None = None
    at: float | None = None


@record
class Removal:
    """A person was removed from a room. person: as Person.id. by: the moderator's name."""

    room: str
    name: str
    person: str
    by: str
    reason: str


@record
class Lift:
    """The mutes or bans of a name or an address were ended. kind: MUTE or BAN. name, address: "" for none."""

    kind: str
    name: str
    address: str
    by: str


@record
class Withdrawal:
    """What a person may do in a room is to be asked anew. person: Identity.person, None for strangers."""

    room: str
    person: str | None


@record
class LogOut:
    """A person has logged out. person: Identity.person. at: seconds since 1970, UTC; older tokens are not valid."""

    person: str
    at: float


@record
class TopicChange:
    """A room has another topic. PostgreSQL stores it with the change."""

    room: str
    topic: str


@record
class Oblivion:
    """A room has no messages any more, and is forgotten."""

    room: str


Act: TypeAlias = Deletion | Edition | Removal | Sanction | Lift | Withdrawal | LogOut | TopicChange | Oblivion

LIFTED: Final = {MUTE: "unmute", BAN: "unban"}

_ACTS: Final[Mapping[str, Callable[..., Act]]] = {
    "delete": Deletion,
    "edit": Edition,
    "kick": Removal,
    MUTE: Sanction,
    BAN: Sanction,
    **dict.fromkeys(LIFTED.values(), Lift),
    "revoke": Withdrawal,
    "log_out": LogOut,
    "topic": TopicChange,
    "forget": Oblivion,
}


def event_of(act: Act, number: int = 0) -> JournalEvent:
    """Returns the event of the journal for an act. number: its place there."""
    match act:
        case Deletion():
            kind, room = "delete", act.room
        case Edition():
            kind, room = "edit", act.room
        case Removal():
            kind, room = "kick", act.room
        case Sanction():
            kind, room = act.kind, ""
        case Lift():
            kind, room = LIFTED[act.kind], ""
        case Withdrawal():
            kind, room = "revoke", act.room
        case LogOut():
            kind, room = "log_out", ""
        case TopicChange():
            kind, room = "topic", act.room
        case Oblivion():
            kind, room = "forget", act.room
    return JournalEvent(number, kind, room, asdict(act))


def act_of(event: JournalEvent) -> Act | None:
    """Returns what an event tells to do; None for an unknown one. Unknown fields are ignored."""
    kind = _ACTS.get(event.kind)
    return None if kind is None else kind(**_fields(kind, event.body))


def _fields(kind: Any, body: Mapping[str, Any]) -> Mapping[str, Any]:
    # A newer version may say more.
    return {name: value for name, value in body.items() if name in kind.__dataclass_fields__}
