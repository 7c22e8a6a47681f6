"""Topics: numbered events that a view publishes, and those who follow them.

A topic's events have the numbers 1, 2, 3 … without a gap, the same for everyone. An event is told once it is stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from enum import Enum
from math import inf
from typing import Any, Final, Protocol, TypeVar

from zope.interface import Interface

from mixsvc.common.positions import Position
from mixsvc.common.records import record
from mixsvc.interfaces.auth import Identity

__all__ = [
    "MAX_EVENT_NAME",
    "MAX_KEY",
    "MOST_TOPICS",
    "RESET",
    "Following",
    "ITopics",
    "ReaderGroup",
    "Subscription",
    "TopicBatch",
    "TopicEnd",
    "TopicEvent",
    "TopicReader",
    "Topics",
]

# How many topics one may follow, or ask for, at once.
MOST_TOPICS: Final = 50

# The name of the event by which clients are told that events are gone; no other has it.
RESET: Final = "reset"

# How many characters the name of an event may have, and a key.
MAX_EVENT_NAME: Final = 100
MAX_KEY: Final = 64

T = TypeVar("T")


@record
class TopicEvent:
    """An event of a topic. number: its place there. name: "" for one without a name. data: any storable text."""

    topic: str
    number: int
    name: str
    data: str


@record
class TopicBatch:
    """Events of one topic whose numbers follow each other; one at least.

    All who follow the topic get the same object, so a form of it is made once for all.
    """

    topic: str
    events: Sequence[TopicEvent]
    _forms: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def last(self) -> int:
        """The number of the newest one."""
        return self.events[-1].number

    def form(self, encode: "Callable[[TopicBatch], T]") -> T:
        """Returns encode(batch), called once for all who ask. Reactor thread. encode: a function of a module."""
        form: T
        try:
            form = self._forms[encode]
        except KeyError:
            form = self._forms[encode] = encode(self)
        return form


class TopicEnd(Enum):
    """Why somebody gets nothing more. The value is a sentence for that person."""

    CLOSED = "The service has closed this stream."
    LOGGED_OUT = "The login has ended."
    STOPPING = "The service is stopping."
    # What was closed meanwhile could not be found out: come back, and let the view decide again.
    UNKNOWN = "The service was away for too long; connect again."
    # As the view has asked for it.
    AGAIN = "Connect again: the view decides anew."


class ReaderGroup(Protocol):
    """Readers that can be told the same in one loop. Reactor thread."""

    def events(self, readers: Sequence[Any], batch: TopicBatch) -> None:
        """The same as TopicReader.events for each of these readers, who have all named this group."""


@record
class Subscription:
    """What somebody follows. topics: names of topics, each once, 1 to MOST_TOPICS.

    since: what was seen already; of a topic that is missing there, only new events are told. identity: who it is, None
    for a stranger. decided: when a view has decided that they may, in seconds of the reactor's clock; infinite: now.
    group: may tell the reader the events, together with others of the group; None: the reader is told by itself.
    """

    topics: tuple[str, ...]
    since: Position = field(default_factory=Position)
    identity: Identity | None = None
    decided: float = inf
    group: ReaderGroup | None = None


class TopicReader(Protocol):
    """Who follows topics. The methods are called in the reactor thread, never during `Topics.follow`.

    They do not raise. Each may call the methods of its Following.
    """

    def begun(self, position: Position) -> None:
        """Called first and once: all events behind this position follow. It has all topics, and the epoch.

        Where the past of the subscription is not there, `reset` comes right after it.
        """

    def reset(self, topic: str, number: int) -> None:
        """Events of a topic are gone before they were told, or what was seen before was of another epoch.

        From here on the events behind `number` follow.
        """

    def events(self, batch: TopicBatch) -> None:
        """The next events of a topic: each once, in the order of the numbers."""

    def changed(self, batch: TopicBatch) -> None:
        """What has changed, while it was away, of what it has seen; the numbers are where it stands, and stay so."""

    def ended(self, reason: TopicEnd) -> None:
        """Nothing more follows. Called once, but not after Following.stop."""


class Following(Protocol):
    """Somebody who follows topics. Used in the reactor thread."""

    def pause(self) -> None:
        """Tell nothing more until `resume`: the reader cannot take it. What comes meanwhile is read again later.

        Events of other topics than those of a call that pauses may still come before it returns to the reactor.
        """

    def resume(self) -> None:
        """Go on where `pause` was called; the reader is not called before this returns. Does nothing if not paused."""

    def stop(self) -> None:
        """Forget the reader: it has gone. May be called twice."""


class Topics(Protocol):
    """The topics of this process. Used in the reactor thread."""

    def follow(self, subscription: Subscription, reader: TopicReader) -> Following:
        """Tell a reader the events of topics. Raises NotPublished for what cannot be a topic's name.

        Raises ServiceBusy if too many topics are followed, or while the service stops.
        """


class ITopics(Interface):
    """Topics for views. Methods are called in a worker thread, never in the reactor's; each raises ServiceBusy."""

    def publish(topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """Publishes an event of a topic, and returns its number once it is stored.

        data: text; a dict, a list, a number, True, False and None become JSON. event: the event's name, one line;
        not reset, by which clients are told that events are gone.
        key: an event with the same topic and key is stored once; then its number is returned. Raises NotPublished for
        a topic, an event or a key that cannot be one, and for data that is too large; ServiceBusy also if the topic
        gets too many events, or nothing can be stored now.
        """

    def last(*topics: str) -> str:
        """Returns what to give as ?since= to get all events from now on, such as 12@EPOCH. Raises NotPublished."""

    def close(topic: str, person: str | None = None) -> None:
        """Ends the streams of a topic, on all nodes: those of one person (Identity.person), or all. They may come back.

        What a view has decided before ends as well, if its stream begins only now.

        Raises NotPublished.
        """
