"""What the chat uses of the nodes, and what it gives them. Used in the reactor thread, except what says any thread.

`alone` implements it for a chat of one node.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred

from mixsvc.common.records import record
from mixsvc.nodes.hints import Hint

__all__ = [
    "H",
    "Bus",
    "Claimant",
    "Claims",
    "Heart",
    "Holder",
    "Journal",
    "JournalEvent",
    "JournalPage",
    "NodeHost",
    "Nodes",
    "PresenceListener",
    "RoomMembers",
    "Roster",
]

H = TypeVar("H", bound=Hint)


class Bus(Protocol):
    """Carries hints to the other nodes, at most once, in any order; what a hint is about is in the engine already."""

    def tell(self, hint: Hint) -> None:
        """Tell the other nodes, soon; never blocks or raises. Called after the commit of what the hint is about."""

    def listen(self, kind: type[H], heard: Callable[[H], object]) -> None:
        """Call heard(hint) with each hint of a kind; one function for each kind. A node hears none of its own.

        Hints that the node makes itself, because it has asked the engine for all numbers, come in the same way.
        """


class RoomMembers(Protocol):
    """The persons in one room, on all nodes. Read in any thread, changed in the reactor thread."""

    @property
    def size(self) -> int:
        """How many persons are inside."""

    def names(self) -> Sequence[str]:
        """Their names, sorted without regard to case."""

    def names_after(self, name: str | None, limit: int) -> Sequence[str]:
        """At most `limit` names that follow a name in the list, or the first ones for None. Reactor thread."""

    def has(self, key: str) -> bool:
        """Whether the person whose name has this key is inside."""


class PresenceListener(Protocol):
    """What the roster calls when somebody comes or goes on another node; see Roster."""

    def came(self, room: str, name: str) -> None:
        """A person is in a room who was in it on no node before; the members of the room know already."""

    def went(self, room: str, name: str) -> None:
        """A person is in a room on no node any more."""


class Roster(Protocol):
    """Who is in which room, on all nodes. A person is one however many nodes the person's windows are on.

    The own node's part changes at once, and the engine and the other nodes learn it soon.
    """

    def listen(self, listener: PresenceListener) -> None:
        """Tell a listener who comes and goes because of other nodes. Called once, before all other methods."""

    def enter(self, room: str, key: str, name: str) -> bool:
        """The first client of a person on this node is in a room; returns whether the person was on no other node.

        key: as names.key returns it for the name. The listener is not called for it.
        """

    def leave(self, room: str, key: str) -> bool:
        """The last client of a person on this node left a room; returns whether the person is on no other node."""

    def send_on(self, room: str, key: str) -> None:
        """The last client of a person on this node was sent to another node, as this one stops.

        On all nodes, this one included, the person stays inside for LEAVING seconds (mixsvc.nodes.pulse), and goes then
        unless it is inside elsewhere: then the listener is called for it. If this node has stopped before, the others
        wait as long from then on.
        """

    def remove(self, room: str, key: str) -> bool:
        """A person was kicked out of a room on all nodes; returns whether the person was inside.

        Each node calls it when it applies that event of the journal, after it has taken its own clients out (without
        `leave`). The listener is not called for it.
        """

    def members(self, room: str) -> RoomMembers:
        """The persons in a room; empty if nobody is, or there is no such room. Any thread."""


@record
class Claimant:
    """Who wants a name. key: of the name, as names.key returns it. person: as Person.id. address: as Client.address."""

    key: str
    name: str
    person: str
    address: str
    is_moderator: bool


@record
class Holder:
    """Who has a name on any node, or had it last and left recently.

    name: as it is spelled. person: as Person.id. addresses: those of the person's clients, or of the last one.
    is_moderator: whether one of the clients may moderate.
    """

    name: str
    person: str
    addresses: Sequence[str]
    is_moderator: bool


class Claims(Protocol):
    """Whose name is whose, on all nodes. Deferreds fail with ServiceBusy while the engine does not answer.

    The calls for one name take effect in the order in which they are made.
    """

    def claim(self, wanted: Claimant) -> "Deferred[str | None]":
        """Take a name for a person on this node, until `release`; fires with its spelling, None if another has it.

        The caller has checked that no other person has it on this node. A second client of the same person calls it
        as well: the person may have the name on another node under another spelling.
        """

    def release(self, key: str) -> None:
        """The last client of a person on this node is gone: the name is free once all nodes have released it."""

    def holder(self, key: str) -> "Deferred[Holder | None]":
        """Who has a name on other nodes; None if nobody has, as far as is remembered."""

    def shared(self, addresses: Collection[str], person: str) -> "Deferred[Collection[str]]":
        """Those of the addresses that other persons have on other nodes, as far as is known."""

    def taken(self, keys: Collection[str], person: str) -> "Deferred[Collection[str]]":
        """Those of the keys whose names other persons have on other nodes."""


@record
class JournalEvent:
    """What all nodes do in the same order: an act of a moderator, a permission withdrawn, a room forgotten.

    number: its place in the journal, 0 in a chat of one node. kind: such as kick. room: "" if it concerns all rooms.
    body: JSON values by their names.
    """

    number: int
    kind: str
    room: str
    body: Mapping[str, Any]


@record
class JournalPage:
    """What was read of the journal: the next events after a number, and the number of the newest one at that moment.

    There may be more events than a page has.
    """

    events: Sequence[JournalEvent]
    last: int


class Journal(Protocol):
    """The events that all nodes apply, in the order of their numbers, each once."""

    def follow(
        self,
        apply: Callable[[JournalEvent], object],
        missed: Callable[[], object],
        read: "Callable[[int], Deferred[JournalPage]]",
    ) -> None:
        """Call apply(event) with each event, the own node's included. Called once, before all other methods.

        It may return a Deferred, which fires when it is done.

        missed(): events are gone from the journal before they were read, as this node was away for too long: load
        sanctions, topics and deletions from the engine instead. read(after): the next events after a number. It must
        not overtake what the chat has asked of the engine before: a page of messages that was read before a deletion
        has to be delivered before it.
        """

    def listen(self, kind: str, apply: Callable[[JournalEvent], object], missed: Callable[[], object]) -> None:
        """Call apply(event) with each event of a kind, before the chat; `missed` is as for `follow`.

        One function for each kind. Called before the first event.
        """

    def begin_at(self, position: int) -> None:
        """The chat has read a state that has all events up to this number in it; called before the first client."""

    def stored(self, event: JournalEvent) -> "Deferred[None]":
        """Apply an event that this node has stored, after those before it; fires when it is applied.

        It fires at once if this node has applied all events before it. Fails with ServiceBusy if they cannot be read
        now; the event is applied later all the same.
        """

    def look(self) -> None:
        """Something was stored that may have led to an event: apply it soon, here and on the other nodes."""

    def post(self, kind: str, room: str, body: Mapping[str, Any]) -> "Deferred[None]":
        """Store an event that comes with no other change, and apply it; fires when all nodes have done it.

        Fails with ServiceBusy if it cannot be stored now, or if a node has not done it when the others might give that
        node up; it does it later all the same.
        """


class NodeHost(Protocol):
    """What a chat gives its heart."""

    def awake_rooms(self) -> Collection[str]:
        """The rooms that somebody is in or follows at this node, by name: it has to know their newest numbers."""

    def look_at_rooms(self) -> "Deferred[None]":
        """Read the newest numbers of all rooms, as hints about them may have been missed.

        Fails with ServiceBusy if they cannot be read now.
        """

    def begin_anew(self) -> None:
        """The other nodes have given this node up: close all connections with 1001; whoever comes then is new.

        When it returns, nobody is in a room and nobody has a name here.
        """


class Heart(Protocol):
    """Whether this node lives, and whether it leads."""

    def beat_for(self, host: NodeHost) -> None:
        """Take the chat that this node serves. Called once, before the first client."""

    def watch(self, topics: Callable[[], Collection[str]]) -> None:
        """Find out with each heartbeat which events the topics have that topics() returns; see hints.Published."""

    @property
    def is_trusted(self) -> bool:
        """Whether what this node knows is true: the others have not given it up. Cheap; asked before each request.

        False if the engine has not answered for so long that the others may have, such as after SIGSTOP.
        """

    @property
    def may_recall(self) -> bool:
        """If it is not trusted: whether it may still answer from memory what needs no engine.

        True while the engine is away, false after this process was stopped: then it may have missed what others know.
        """

    @property
    def is_leader(self) -> bool:
        """Whether this node does what one node does for all: rates, retention. Two may for some seconds."""


@record
class Nodes:
    """What a chat uses of the nodes."""

    bus: Bus
    roster: Roster
    claims: Claims
    journal: Journal
    heart: Heart
