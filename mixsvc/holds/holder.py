"""Takes clients whose views have left them to the service, and looks after them until they leave."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.addresses import peer_network
from mixsvc.common.hook_paths import request_name
from mixsvc.common.records import record
from mixsvc.config.settings import Settings, TopicsSettings
from mixsvc.errors import NotPublished, ServiceBusy
from mixsvc.holds.arrival import Arrival, Fields, read_arrival
from mixsvc.holds.crowd import HeldCrowd
from mixsvc.holds.group import CHUNKED_STREAMS, PLAIN_STREAMS, WEBSOCKETS, HeldGroup
from mixsvc.holds.owner import HeldClient
from mixsvc.holds.poll import HeldPoll
from mixsvc.holds.reader import HeldReader
from mixsvc.holds.record import HeldRecord
from mixsvc.holds.roads import Road
from mixsvc.holds.stream import EventStream
from mixsvc.holds.text_response import answer_busy, answer_refused, answer_text
from mixsvc.holds.websocket import HeldWebSocket
from mixsvc.http.refusals import FAILED_TEXT
from mixsvc.http.request import MixRequest
from mixsvc.interfaces import Identity
from mixsvc.interfaces.auth import Identifier
from mixsvc.interfaces.goodbyes import Returns, at_once, spread_returns
from mixsvc.interfaces.holds import Hold
from mixsvc.interfaces.topics import Following, Subscription, TopicEnd, TopicReader, Topics
from txsockjs.sockets import PlainWebSockets, RefusedHandshake, upgrade_connection

__all__ = ["Feeds", "HeldEntry", "HeldStats", "HoldLimits", "ClientHolder", "HolderDependencies"]

# What can be followed, by the source of a hold.
Feeds: TypeAlias = Mapping[str, Topics]

# So many clients are told of the end before the reactor does something else.
SLICE: Final = 200

REASONS: Final = {
    "streams": "Too many clients are held here; try again later.",
    "address": "Too many clients of this address are held here; try again later.",
    "stopping": "The service is stopping; try again later.",
}


@record
class HoldLimits:
    """most: clients at one time. most_each: of one address. max_unread: bytes that may wait for one of them."""

    most: int
    most_each: int
    max_unread: int

    @classmethod
    def of(cls, settings: TopicsSettings) -> "HoldLimits":
        """The limits that are set."""
        return cls(settings.streams, settings.streams_per_address, settings.max_unread)


@record
class HolderDependencies:
    """feeds: what can be followed. identify: says who is held. origins: whose pages may open a WebSocket, too."""

    feeds: Feeds
    identify: Identifier
    origins: tuple[str, ...]


@record
class HeldStats:
    """held: clients, by road. opened: those that ever were, by road. refused: by reason. slow: were closed as slow."""

    held: Mapping[str, int]
    opened: Mapping[str, int]
    refused: Mapping[str, int]
    slow: int


@record
class HeldEntry:
    """A client that is held. person: "" for a stranger. network: what it is counted by; "" on a Unix socket."""

    client: HeldClient
    person: str
    network: str


class ClientHolder:
    """The clients that views have left to the service; a HeldOwner. Belongs to the reactor thread."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, clock: IReactorTime, limits: HoldLimits, given: HolderDependencies) -> None:
        self._clock = clock
        self.max_unread = limits.max_unread
        self._crowd: HeldCrowd[HeldClient] = HeldCrowd(clock, limits.most, limits.most_each)
        self._feeds = given.feeds
        self._identify = given.identify
        self._sockets = PlainWebSockets(clock, {"origins": ("self", *given.origins)})
        self._identities: dict[HeldClient, Identity] = {}
        roads = {road.value: 0 for road in Road}
        self._held, self._opened = Counter(roads), Counter(roads)
        self._refused = Counter(dict.fromkeys(REASONS, 0))
        self._slow = 0
        self._stopped: Deferred[None] | None = None

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Returns what makes other limits and origins count; those whom it holds stay. Any thread."""
        limits = HoldLimits.of(settings.topics)
        change_origins = self._sockets.prepare_options({"origins": ("self", *settings.chat.origins)})

        def change() -> None:
            self.max_unread = limits.max_unread
            self._crowd.limit(limits.most, limits.most_each)
            change_origins()

        return change

    def stats(self) -> HeldStats:
        """What was counted until now."""
        return HeldStats(self._held, self._opened, self._refused, self._slow)

    def some(self, most: int) -> Sequence[HeldEntry]:
        """Clients that are held, at most so many."""
        return [
            HeldEntry(client, getattr(self._identities.get(client), "person", ""), counted)
            for client, counted in self._crowd.some(most)
        ]

    def is_held(self, client: HeldClient) -> bool:
        """Whether a client has not left."""
        return client in self._crowd

    def hold(self, request: MixRequest, fields: Fields, hold: Hold) -> None:
        """Hold the client of a request, which its view has left. fields: headers of the response."""
        try:
            arrival = read_arrival(request, fields, hold)
        except ValueError as error:
            answer_text(request, 400, b"Bad Request", str(error))
            return
        finding = self._identify(request) if hold.person is None else None
        if finding is None:
            self._begin(arrival, Identity(hold.person) if hold.person is not None else None)
            return
        gone: list[bool] = []
        request.client_left = lambda: gone.append(True)
        finding.addCallbacks(self._identified, self._unknown, (arrival, gone), {}, (arrival, gone))

    def allow_cross_origin(self, request: MixRequest) -> None:
        """Let those pages of other origins read the response that may open a WebSocket."""
        self._sockets.allow_cross_origin(request)

    def _identified(self, identity: Identity | None, arrival: Arrival, gone: list[bool]) -> None:
        if gone or not self._begin(arrival, identity):
            self._identify.forget(identity)

    def _unknown(self, failure: Failure, arrival: Arrival, gone: list[bool]) -> None:
        self._log.failure("holds: it could not be found out who is to be held", failure)
        if not gone:
            self._fail(arrival, "the authenticator failed")

    def _begin(self, arrival: Arrival, identity: Identity | None) -> bool:
        """Answer; returns whether the client is held."""
        request, counted = arrival.request, peer_network(arrival.request.getClientAddress())
        reason = "stopping" if self._stopped is not None else self._crowd.is_full(counted)
        if reason:
            self._refused[reason] += 1
            answer_busy(request, REASONS[reason])
            return False
        request.client_left = None
        # The answer to a handshake is logged as such, and not at the end.
        request.is_held = arrival.road is not Road.WEBSOCKET
        try:
            client = {Road.STREAM: self._stream, Road.POLL: self._poll, Road.WEBSOCKET: self._websocket}[arrival.road](
                arrival, identity
            )
        except RefusedHandshake as error:
            answer_refused(request, error)
        except ServiceBusy as error:
            answer_busy(request, str(error))
        except (NotPublished, KeyError) as error:
            self._fail(arrival, str(error))
        else:
            self._add(client, counted, arrival, identity)
            return True
        return False

    def _add(self, client: HeldClient, counted: str, arrival: Arrival, identity: Identity | None) -> None:
        self._crowd.add(client, counted)
        self._held[client.road.value] += 1
        self._opened[client.road.value] += 1
        if identity is not None:
            self._identities[client] = identity
        if arrival.hold.again_after is not None:
            self._crowd.end_later(client, arrival.hold.again_after, lambda: client.end(TopicEnd.AGAIN))

    def _fail(self, arrival: Arrival, error: str) -> None:
        request = arrival.request
        self._log.error(
            "holds: {request} cannot be held: {error}",
            request=request_name(request.method.decode("latin-1"), request.path.decode("latin-1")),
            error=error,
        )
        answer_text(request, 500, b"Internal Server Error", FAILED_TEXT)

    # The roads

    def _stream(self, arrival: Arrival, identity: Identity | None) -> HeldClient:
        request = arrival.request
        is_chunked = request.clientproto == b"HTTP/1.1"
        group = CHUNKED_STREAMS if is_chunked else PLAIN_STREAMS
        stream = EventStream(self, HeldRecord(request), group.framing, arrival.stream_head(is_chunked))
        stream.reader = HeldReader(stream, group.framing, arrival)
        stream.reader.following = self._follow(arrival, identity, stream.reader, group)
        upgrade_connection(request, stream)
        return stream

    def _websocket(self, arrival: Arrival, identity: Identity | None) -> HeldClient:
        client = HeldWebSocket(self, arrival.request.began)
        client.reader = HeldReader(client, WEBSOCKETS.framing, arrival)
        client.reader.following = self._follow(arrival, identity, client.reader, WEBSOCKETS)
        try:
            self._sockets.accept(arrival.request, arrival.fields, client)
        except RefusedHandshake:
            client.reader.following.stop()
            raise
        return client

    def _poll(self, arrival: Arrival, identity: Identity | None) -> HeldClient:
        poll = HeldPoll(self, arrival.request, arrival.poll_fields(), arrival.hold.first if arrival.is_new else None)
        poll.following = self._follow(arrival, identity, poll)
        poll.wait(self._clock, arrival.hold.timeout)
        return poll

    def _follow(
        self, arrival: Arrival, identity: Identity | None, reader: TopicReader, group: HeldGroup | None = None
    ) -> Following:
        # The view may have run in another process, whose reactor's clock nobody knows here.
        age = max(0.0, time.time() - arrival.hold.decided)
        subscription = Subscription(arrival.hold.names, arrival.since, identity, self._clock.seconds() - age, group)
        return self._feeds[arrival.hold.source].follow(subscription, reader)

    # For the clients

    def left(self, client: Any) -> None:
        """See HeldOwner."""
        if not self._crowd.remove(client):
            return
        self._held[client.road.value] -= 1
        identity = self._identities.pop(client, None)
        if identity is not None:
            self._identify.forget(identity)
        self._check_stopped()

    def too_slow(self) -> None:
        """See HeldOwner."""
        self._slow += 1

    def abort_later(self, seconds: float, client: Any) -> None:
        """See HeldOwner."""
        self._crowd.end_later(client, seconds, client.abort)

    # The end

    def stop(self) -> "Deferred[None]":
        """Tell everybody that nothing more comes, and refuse others; fires when all have left.

        Cancel it to close what is still open.
        """
        self._stopped = Deferred(lambda _: self._abort())
        self._end(list(self._crowd), spread_returns(len(self._crowd)))
        return self._stopped

    def close_some(self, share: float) -> None:
        """Let this share (0 to 1) of the clients go, who may come back at once, to another process."""
        clients = list(self._crowd)
        self._end(clients[: ceil(share * len(clients))], at_once)

    def _end(self, clients: list[HeldClient], returns: Returns) -> None:
        for client in clients[:SLICE]:
            client.say_goodbye(returns())
        if clients[SLICE:]:
            self._clock.callLater(0, self._end, clients[SLICE:], returns)
        self._check_stopped()

    def _abort(self) -> None:
        for client in self._crowd:
            client.abort()

    def _check_stopped(self) -> None:
        if self._stopped is not None and not self._stopped.called and not len(self._crowd):
            self._stopped.callback(None)
