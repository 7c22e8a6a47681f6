"""A poll of one client: a response that waits until there is something to tell, or until its time is over."""

import json
from collections.abc import Iterable
from io import BytesIO
from math import ceil
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.common.positions import Position, write_position
from mixsvc.holds.arrival import Fields
from mixsvc.holds.forms import HeldEvent, json_object, numbered
from mixsvc.holds.owner import HeldOwner
from mixsvc.holds.roads import Road
from mixsvc.holds.text_response import answer_busy
from mixsvc.http.request import MixRequest
from mixsvc.interfaces.topics import RESET, Following, TopicBatch, TopicEnd, TopicEvent

__all__ = ["HeldPoll"]

# To a client that cannot be told yet where it stands, and asks again with the same ?since=.
NOT_BEGUN: Final = "The events cannot be read now; ask again a little later."

# For so many seconds it waits for that at least, however short its time is: the database needs some.
LEAST_SECONDS: Final = 5.0


class HeldPoll:
    """Answers with the first events that come, as a TopicReader. Belongs to the reactor thread.

    The response is a JSON object: `events` as in json_object, and `last`, which the next poll gives as ?since=. Who has
    not been told where it stands when the time is over, and within some seconds, gets 503.
    """

    road: Final = Road.POLL
    following: Following
    bucket: int

    def __init__(self, owner: HeldOwner, request: MixRequest, fields: Fields, first: str | None) -> None:
        """fields: of the response. first: the data of the first event; None: no such event."""
        self._owner = owner
        self._request = request
        self._fields = fields
        self._first = first
        self._position: Position | None = None
        # How it begins, which goes before the events.
        self._told: list[HeldEvent] = []
        self._is_over = False
        # Whether its time is over, and only the beginning is waited for.
        self._is_late = False
        self._timer: IDelayedCall | None = None

    @property
    def began(self) -> float:
        """See HeldClient."""
        return self._request.began

    def wait(self, clock: IReactorTime, seconds: float) -> None:
        """The response may take so long."""
        self._timer = clock.callLater(seconds, self._time_over, clock, max(0.0, LEAST_SECONDS - seconds))
        request = self._request
        request.client_left = self._leave
        # No thread works on it any more, so a client that sends no more has left; perhaps it has already.
        request.content = BytesIO()
        request.channel.transport.resumeProducing()

    # For the topics

    def begun(self, position: Position) -> None:
        """See TopicReader."""
        self._position = position
        if self._first is not None:
            self._answer_soon(HeldEvent(write_position(position), "", self._first))
        elif self._is_late and self._timer is not None:
            # Once it is told what is behind that.
            self._timer.reset(0)

    def reset(self, topic: str, number: int) -> None:
        """See TopicReader."""
        self._answer_soon(HeldEvent(write_position(self._go_to(topic, number)), RESET, str(number), topic))

    def events(self, batch: TopicBatch) -> None:
        """See TopicReader."""
        self._answer([self._placed(each) for each in batch.events])

    def changed(self, batch: TopicBatch) -> None:
        """See TopicReader. Whoever polls would be told the same again and again."""

    def ended(self, reason: TopicEnd) -> None:
        """See TopicReader. The client asks the view again in any case."""
        self._answer(())

    # For the owner

    def beat(self) -> None:
        """See HeldClient: its time is over soon enough."""

    def end(self, reason: TopicEnd) -> None:
        """See HeldClient."""
        self._answer(())

    def say_goodbye(self, seconds: float) -> None:
        """See HeldClient."""
        self._fields = (*self._fields, (b"Retry-After", b"%d" % ceil(seconds)))
        self._answer(())

    def abort(self) -> None:
        """See HeldClient."""
        self._request.loseConnection()

    def _time_over(self, clock: IReactorTime, more: float) -> None:
        if self._position is None and more:
            self._is_late = True
            self._timer = clock.callLater(more, self._answer, ())
        else:
            self._answer(())

    def _placed(self, event: TopicEvent) -> HeldEvent:
        """An event with the id behind which a client goes on: of all topics if it follows several."""
        position = self._go_to(event.topic, event.number)
        if len(position.numbers) == 1:
            return numbered(event)
        return HeldEvent(write_position(position), event.name, event.data, event.topic)

    def _go_to(self, topic: str, number: int) -> Position:
        assert self._position is not None
        self._position = Position({**self._position.numbers, topic: number}, self._position.epoch)
        return self._position

    def _answer_soon(self, event: HeldEvent) -> None:
        # More of the beginning may follow, which the next poll would not be told, as it goes on behind it.
        self._told.append(event)
        self.following.pause()
        if self._timer is not None and self._timer.active():
            self._timer.reset(0)

    def _answer(self, events: Iterable[HeldEvent]) -> None:
        if self._is_over:
            return
        if self._position is None:
            self._leave()
            answer_busy(self._request, NOT_BEGUN)
            return
        found = b",".join(map(json_object, (*self._told, *events)))
        last = json.dumps(write_position(self._position)).encode()
        body = b'{"events":[%b],"last":%b}\n' % (found, last)
        self._leave()
        self._request.respond(200, b"OK", (*self._fields, (b"Content-Length", b"%d" % len(body))), body)

    def _leave(self) -> None:
        self._is_over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        try:
            self.following.stop()
        finally:
            self._owner.left(self)
