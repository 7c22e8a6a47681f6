"""What a client that is held has in common on every road: it follows topics, and is told where it stands."""

from typing import Protocol

from mixsvc.common.positions import Position, write_position
from mixsvc.holds.arrival import Arrival
from mixsvc.holds.forms import Framing, HeldEvent
from mixsvc.interfaces.topics import RESET, Following, TopicBatch, TopicEnd
from txsockjs.sockets import SocketWriter

__all__ = ["HeldReader", "Sink"]


class Sink(Protocol):
    """Where the bytes of a stream go. Reactor thread.

    writer: of its connection; not ready any more once nothing follows. sent: bytes of events.
    """

    writer: SocketWriter
    sent: int

    def send(self, data: bytes) -> bool:
        """Send whole events; returns whether the client keeps up."""

    def end(self, reason: TopicEnd) -> None:
        """Nothing more follows."""


class HeldReader:
    """Follows topics for one client, as a TopicReader (mixsvc.interfaces.topics). Used in the reactor thread.

    following: is set right after the topics were asked for. numbers: where it stands, unless its ids are plain numbers,
    as they are if it follows one topic and nothing was reset: then it gets the same bytes as others. A client that does
    not keep up is told nothing until it does; what comes meanwhile is read again then.
    """

    __slots__ = ("_epoch", "_framing", "_has_epoch", "_opening", "_untold", "following", "numbers", "sink")

    following: Following

    def __init__(self, sink: Sink, framing: Framing, arrival: Arrival) -> None:
        self.sink = sink
        self._framing = framing
        self._opening: Arrival | None = arrival
        self.numbers: dict[str, int] | None = None
        self._epoch = ""
        # Whether the ids say the epoch: the client, or the URL of its page, may have another one.
        self._has_epoch = False
        # The topics of whose past a reset is still to be told before anything else.
        self._untold: frozenset[str] = frozenset()

    def begun(self, position: Position) -> None:
        """See TopicReader."""
        assert self._opening is not None
        arrival, self._opening = self._opening, None
        hold, place = arrival.hold, arrival.place(position)
        self._epoch = position.epoch
        if len(position.numbers) != 1:
            self.numbers = dict(position.numbers)
            self._untold = arrival.gone(position)
        data = self._framing.retry(hold.retry) if hold.retry is not None else b""
        if place is not None:
            first = hold.first if arrival.is_new else None
            data += self._framing.one(HeldEvent(write_position(place), "", first))
        if data:
            self._send(data)

    def reset(self, topic: str, number: int) -> None:
        """See TopicReader."""
        self._has_epoch = True
        if self.numbers is None:
            self.numbers = {}
        self._untold -= {topic}
        place = self._id(topic, number)
        # An id has all topics: who is cut off behind it would not be told of those that follow.
        self._send(self._framing.one(HeldEvent("" if self._untold else place, RESET, str(number), topic)))

    def events(self, batch: TopicBatch) -> None:
        """See TopicReader."""
        if self.numbers is None:
            if not self.sink.send(batch.form(self._framing.batch)):
                self.following.pause()
            return
        found = [
            HeldEvent(self._id(each.topic, each.number), each.name, each.data, each.topic) for each in batch.events
        ]
        self._send(b"".join(map(self._framing.one, found)))

    def changed(self, batch: TopicBatch) -> None:
        """See TopicReader."""
        self.events(batch)

    def ended(self, reason: TopicEnd) -> None:
        """See TopicReader."""
        self.sink.end(reason)

    def resumed(self) -> None:
        """The client has caught up."""
        self.following.resume()

    def _id(self, topic: str, number: int) -> str:
        assert self.numbers is not None
        self.numbers[topic] = number
        return write_position(Position(self.numbers, self._epoch if self._has_epoch else ""))

    def _send(self, data: bytes) -> None:
        if not self.sink.send(data):
            self.following.pause()
