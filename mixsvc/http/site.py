"""The site: what all connections of the service share, their number, and their orderly end."""

import resource
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final
from weakref import WeakSet

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import IResource
from twisted.web.server import Site

from mixsvc.config.settings import Settings
from mixsvc.http.channel import MixChannel
from mixsvc.http.errors import RefusedRequest
from mixsvc.http.forwarded import Forwarded, read_forwarded
from mixsvc.http.head import HeaderFields, RequestHead
from mixsvc.http.interfaces import Connection
from mixsvc.http.page_request import IPages, PageRequest, PageRoute, ViewRequest
from mixsvc.http.phases import Phase
from mixsvc.http.request import MixRequest, segments_of
from mixsvc.http.timeouts import DeadlineSweeper, Timeouts
from mixsvc.http.uploads import MAX_IN_MEMORY, UploadQuota

__all__ = ["MAX_REFUSED_AT_ONCE", "MixSite", "connection_limit"]

# Files that are open for other things: the database, logs, polls, bodies on disk.
OTHER_FILES: Final = 100

# Bytes of the longest path whose route is remembered.
CACHED_PATH: Final = 512

# What a connection waits for while it has a request that is not complete, or not answered.
RECEIVING: Final = (Phase.HEAD, Phase.BODY)
BUSY: Final = (*RECEIVING, Phase.RESPONSE)

# So many connections over the limit get status 503; those beyond are closed without a response.
MAX_REFUSED_AT_ONCE: Final = 64


class MixSite(Site):
    """The site on every port of the service. It belongs to the reactor thread.

    `channels` are its connections, without those that became WebSockets. `refused` counts refused requests by their
    status, and connections that were closed without one: "unread" for a client that did not read its response,
    "evicted" for an idle connection that was closed for a new one.
    """

    noisy = False
    # See TLSConnection.
    without_tls = RefusedRequest(400, "This port speaks HTTPS: the URL has to begin with https://.").response()
    protocol = MixChannel  # type: ignore[assignment]  # without the layer that negotiates HTTP/2
    requestFactory = MixRequest
    _log = Logger()

    def __init__(self, reactor: IReactorTime, root: IResource, settings: Settings) -> None:
        # Without twisted.web's own timeout, which any byte postpones.
        Site.__init__(self, root, reactor=reactor, timeout=None)
        self.seconds = reactor.seconds
        self.uploads = UploadQuota(settings.web.max_body, settings.web.max_bodies)
        self._take(settings)
        self.channels: set[Connection] = set()
        # In the order in which they became idle.
        self.idle: dict[Connection, None] = {}
        self.refused: Counter[str] = Counter()
        self.is_stopping = False
        # Called with each request that was answered and the seconds it took, in place of twisted.web's access log.
        self.on_answer: Callable[[Any, float], None] | None = None
        # Includes those of WebSockets, which drop out when they are collected as garbage after the connection is lost.
        self._transports: WeakSet[Any] = WeakSet()
        self._counted_at = 0.0
        self._sweeper = DeadlineSweeper(reactor)
        self._empty: Deferred[None] | None = None
        self._pages: Any = IPages(root, None)
        self._route = lru_cache(1024)(self._find_route)

    def _take(self, settings: Settings) -> None:
        server = settings.server
        self.timeouts = Timeouts.of(settings)
        self.trusted = server.trusted_proxies
        self.hosts = frozenset(server.hosts)
        self.hsts = b"max-age=%d" % server.hsts if server.hsts else b""
        self._limit = connection_limit(server.max_connections)
        self._wanted = server.max_connections
        self._forwarded = lru_cache(256)(partial(read_forwarded, trusted=self.trusted))

    def reload(self, settings: Settings) -> None:
        """Take other limits, hosts and trusted proxies: for requests from now on, on connections that are open, too."""
        self._take(settings)
        self.uploads.limit(settings.web.max_body, settings.web.max_bodies)
        for channel in self.channels:
            channel.senders.judge_anew()
        self._warn_of_files()

    def startFactory(self) -> None:
        """Called when the first port is open."""
        Site.startFactory(self)
        self._warn_of_files()

    def _warn_of_files(self) -> None:
        if self._limit < self._wanted:
            self._log.warn(
                "web: at most {limit} connections at one time, not the {wanted} of [server] max_connections: "
                "this process may not open more files (raise ulimit -n or LimitNOFILE=)",
                limit=self._limit,
                wanted=self._wanted,
            )

    def forwarded(self, fields: HeaderFields) -> Forwarded:
        """What a trusted proxy says in these fields."""
        return self._forwarded(fields) if fields.is_short else read_forwarded(fields, self.trusted)

    def make_request(self, channel: Any, head: RequestHead) -> ViewRequest:
        """A request with this head: on the short way, if it may take that. channel: of the connection."""
        if self._pages is not None and (route := self._route_of(head)) is not None:
            sender = channel.senders.of(head.fields)
            if sender.is_ours:
                return PageRequest(channel, head, sender, route)
        request: MixRequest = self.requestFactory(channel)
        request.take_fields(head.fields)
        return request

    def _route_of(self, head: RequestHead) -> PageRoute | None:
        length = head.fields.body_length
        if not head.fields.is_plain or length is None or length > MAX_IN_MEMORY:
            return None
        path = head.target.partition(b"?")[0]
        return self._route(path) if len(path) <= CACHED_PATH else self._find_route(path)

    def _find_route(self, path: bytes) -> PageRoute | None:
        segments = segments_of(path)
        answer = self._pages.page_at(segments) if path.startswith(b"/") else None
        return PageRoute(path, segments, answer) if answer is not None else None

    def log(self, request: HTTPRequest) -> None:
        """A response is complete."""
        if self.on_answer is None:
            Site.log(self, request)
        else:
            now = self.seconds()
            self.on_answer(request, now - getattr(request, "began", now))

    def acceptableProtocols(self) -> list[bytes]:
        """The protocols that TLS may negotiate; HTTP/2 is left to a proxy."""
        return [b"http/1.1"]

    def add(self, channel: Connection) -> None:
        """A connection is made. If there are too many, close the one that was idle longest, or this if none is idle."""
        self.channels.add(channel)
        self._sweeper.watch(channel)
        self._transports.add(channel.transport)
        if self._is_full():
            self._make_room(channel)
        else:
            self.idle[channel] = None

    def forget(self, channel: Connection) -> None:
        """A connection is lost, or has become a WebSocket."""
        self.channels.discard(channel)
        self.idle.pop(channel, None)
        self._sweeper.forget(channel)
        if not channel.transport.connected:
            self._transports.discard(channel.transport)
        if self._empty is not None and not self.channels:
            empty, self._empty = self._empty, None
            empty.callback(None)

    def transports(self) -> list[Any]:
        """Of all connections, those of WebSockets too; some may be closed already."""
        return list(self._transports)

    def say_last(self) -> None:
        """From now on each response says that it is the last one of its connection."""
        self.is_stopping = True
        for channel in list(self.channels):
            channel.say_last()

    def is_receiving(self) -> bool:
        """Whether a part of a request has come, and not all of it."""
        return any(channel.phase in RECEIVING for channel in self.channels)

    def is_uploading(self) -> bool:
        """Whether the head of a request has come, and not all of its body."""
        return any(channel.phase == Phase.BODY for channel in self.channels)

    def is_busy(self) -> bool:
        """Whether a request has come that is not answered yet."""
        return any(channel.phase in BUSY for channel in self.channels)

    def finish_up(self) -> None:
        """From now on close every connection after the request in work."""
        self.is_stopping = True
        for channel in list(self.channels):
            channel.finish_up()

    def close_used_tls(self) -> None:
        """Close connections with TLS that are idle after a response: a request that is on its way is sent again.

        Who has sent no request yet would take the end of the connection for a fault.
        """
        for channel in list(self.idle):
            if channel.isSecure() and channel.began:
                channel.finish_up()

    def emptied(self) -> "Deferred[None]":
        """Returns a Deferred that fires when no connection is left. Cancel it to stop waiting."""
        if not self.channels:
            return succeed(None)
        self._empty = Deferred()
        return self._empty

    def _is_full(self) -> bool:
        if len(self._transports) <= self._limit:
            return False
        if self.seconds() >= self._counted_at + 1:
            # Some may be closed already and not yet collected as garbage.
            self._counted_at = self.seconds()
            for lost in [each for each in self._transports if not each.connected]:
                self._transports.discard(lost)
        return len(self._transports) > self._limit

    def _make_room(self, new: Connection) -> None:
        if self.idle:
            self.refused["evicted"] += 1
            next(iter(self.idle)).loseConnection()
            self.idle[new] = None
        elif len(self._transports) > self._limit + MAX_REFUSED_AT_ONCE:
            self.refused["503"] += 1
            new.transport.abortConnection()
        else:
            new.refuse(RefusedRequest(503, "This server has too many connections; try again later."))


def connection_limit(wanted: int) -> int:
    """The number of connections that are allowed: fewer than wanted if the process may not open so many files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, files - OTHER_FILES))
