"""Everything that operators see of a service, as one object that JSON can hold."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from math import inf
from socket import gethostname
from typing import Any, TypeAlias

from mixsvc import __version__
from mixsvc.chat.model.sanctions import Sanction
from mixsvc.common.histogram import Histogram
from mixsvc.common.times import utc_seconds
from mixsvc.config.settings import Settings
from mixsvc.interfaces import SourceHealth
from mixsvc.operations.control.parts import OperatedService
from mixsvc.operations.control.settings_shown import changed_settings
from mixsvc.operations.control.watch import MOST_LISTED, ServiceWatch
from mixsvc.storage.sqlite_version import SQLITE_VERSION
from mixsvc.wsgi.supervision.stats import SlotStats
from twisted import __version__ as twisted_version
from txsockjs import Numbers

__all__ = ["MOST_LISTED", "Overview"]

# What JSON can hold.
Fields: TypeAlias = dict[str, Any]

# Transports of SockJS sessions whose clients do not keep up.
Lagging: TypeAlias = Sequence[Any]


class Overview:
    """Call it for the present state. Used in the reactor thread.

    What it costs does not grow with the lists: each has at most MOST_LISTED entries. Its keys do not change, so that
    programs can read them; new ones may come.
    """

    def __init__(self, service: OperatedService, watch: ServiceWatch) -> None:
        self._service = service
        self._parts = service.parts
        self._watch = watch
        self._directory = os.getcwd()
        # The settings as they are shown, and of which ones they were made: a reload brings others.
        self._shown: Sequence[Fields] = ()
        self._shown_of: Settings | None = None
        self._node = (service.settings.nodes.name or gethostname()) if service.parts.node is not None else ""

    def __call__(self) -> Fields:
        """The present state."""
        parts = self._parts
        numbers, bans = parts.chat.resource.numbers(), parts.chat.dispatcher.operators.sanctions()
        # Once for all, as it looks at every session.
        waiting, lagging = parts.chat.resource.lagging(MOST_LISTED // 2)
        return {
            "service": self._about(),
            "sessions": self._sessions(numbers, lagging),
            "held": self._held(),
            "rooms": self._rooms(),
            "reactor": self._reactor(),
            "views": self._views(),
            "outboxes": self._outboxes(numbers, waiting, lagging),
            "storage": self._storage(),
            "nodes": self._nodes(),
            "rates": [_source(each) for each in parts.rates.facade.sources()],
            "refusals": self._refusals(numbers),
            "settings": self._changed_settings(),
            "bans": [_ban(each) for each in bans[-MOST_LISTED:]],
            "bans_total": len(bans),
        }

    def _changed_settings(self) -> Sequence[Fields]:
        if self._shown_of is not self._service.settings:
            self._shown_of = self._service.settings
            self._shown = changed_settings(self._shown_of, self._directory)
        return self._shown

    def _about(self) -> Fields:
        service = self._service
        # The time of day may have been set since.
        uptime = service.reactor.seconds() - service.started
        return {
            "version": __version__,
            "pid": os.getpid(),
            "started": utc_seconds(time.time() - uptime),
            "uptime": round(uptime),
            "stage": service.stage(),
            "listening": [*service.listening],
            "python": sys.version.split()[0],
            "twisted": twisted_version,
            "node": self._node,
        }

    def _sessions(self, numbers: Numbers, lagging: Lagging) -> Fields:
        parts = self._parts
        websockets = sum(numbers.sessions.get(each, 0) for each in ("websocket", "raw websocket"))
        total = sum(numbers.sessions.values())
        doors = {
            "websocket": websockets,
            "sockjs": total - websockets,
            "irc": parts.irc.numbers()[0] if parts.irc is not None else 0,
        }
        held = parts.holder.stats().held
        # Streams are a door of their own: EventSource is what most programs use.
        doors |= {"events": held["stream"], "held": sum(held.values()) - held["stream"]}
        doors["sockets"] = parts.sockets.stats().open
        return {
            "total": sum(doors.values()),
            "by_transport": dict(numbers.sessions),
            "by_door": doors,
            "list": self._service.sessions.chat(lagging, MOST_LISTED),
        }

    def _held(self) -> Fields:
        stats = self._parts.holder.stats()
        return {
            "total": sum(stats.held.values()),
            "by_road": dict(stats.held),
            "opened": dict(stats.opened),
            "slow": stats.slow,
            "list": self._service.sessions.held(MOST_LISTED),
        }

    def _rooms(self) -> Fields:
        stats = self._parts.chat.stats()
        return {
            "total": stats.rooms,
            "persons": stats.members,
            "messages": stats.messages,
            "list": [*self._watch.rooms.listed()],
        }

    def _reactor(self) -> Fields:
        stalls = self._watch.stalls
        return {
            "lag_now": round(stalls.lag_now, 4),
            "lag_p99": quantile(self._service.lag, 0.99),
            "timers": len(self._service.reactor.getDelayedCalls()),
            "stalls_total": stalls.count,
            "stalls": [each.as_json() for each in stalls.stalls()],
        }

    def _views(self) -> Fields:
        parts = self._parts
        busy, waiting = parts.views.load()
        sockets = parts.sockets.stats()
        return {
            "kind": "threads" if parts.children is None else "processes",
            "size": parts.views.size,
            "busy": busy,
            "waiting": waiting,
            "socket_threads": sockets.running,
            "restarts": dict(parts.children.stats().restarts) if parts.children is not None else {},
            "running": [*self._watch.views.listed(MOST_LISTED)],
            "slots": [_slot(each) for each in parts.children.stats().slots] if parts.children is not None else [],
        }

    def _outboxes(self, numbers: Numbers, waiting: int, lagging: Lagging) -> Fields:
        parts = self._parts
        return {
            "unsent": waiting,
            "largest": lagging[0].unsent if lagging else 0,
            "chat_slow": numbers.outbox_closes,
            "irc_slow": parts.irc.numbers()[1].slow if parts.irc is not None else 0,
            "held_slow": parts.holder.stats().slow,
            "sockets_slow": parts.sockets.stats().slow,
            "responses_on_disk": parts.unread.on_disk,
        }

    def _storage(self) -> Fields:
        parts, settings = self._parts, self._service.settings.storage
        stats, topics = parts.chat.stats(), parts.topics.stats()
        return {
            "kind": "postgresql" if settings.url else "sqlite",
            "version": "" if settings.url else SQLITE_VERSION,
            "available": parts.database.is_available,
            "commits": stats.commit_seconds.count,
            "messages": stats.messages,
            "seconds_p50": quantile(stats.commit_seconds, 0.5),
            "seconds_p99": quantile(stats.commit_seconds, 0.99),
            "waiting": parts.chat.dispatcher.operators.waiting(),
            "event_commits": topics.commit_seconds.count,
            "event_seconds_p99": quantile(topics.commit_seconds, 0.99),
        }

    def _nodes(self) -> Fields | None:
        node = self._parts.node
        if node is None:
            return None
        stats = node.stats()
        return {
            "total": stats.nodes,
            "is_leader": stats.is_leader,
            "repairs": stats.repairs,
            "losses": stats.losses,
            "silence_seconds": round(node.silence, 1) if node.silence < inf else None,
            "hint_seconds_p99": quantile(stats.seconds, 0.99),
            "list": [{"number": each} for each in sorted(node.known())[:MOST_LISTED]],
        }

    def _refusals(self, numbers: Numbers) -> Mapping[str, Mapping[str, int]]:
        parts = self._parts
        found = {
            "http": self._service.http().refused,
            "sessions": numbers.refused,
            "chat": parts.chat.stats().refusals,
            "held": parts.holder.stats().refused,
            "sockets": parts.sockets.stats().refused,
            "topics": {"too_fast": parts.topics.stats().refused},
            "irc": parts.irc.numbers()[1].refused if parts.irc is not None else {},
        }
        return {kind: {reason: count for reason, count in each.items() if count} for kind, each in found.items()}


def quantile(histogram: Histogram, share: float) -> float | None:
    """The upper bound of the bucket in which this share of the values has been reached, in seconds.

    None if there is no value. Those above the last bound count as that.
    """
    buckets: Sequence[tuple[str, int]] = list(histogram.buckets())
    total = buckets[-1][1]
    if not total:
        return None
    bounds = (*histogram.bounds, histogram.bounds[-1])
    return next(bound for bound, (_, count) in zip(bounds, buckets, strict=True) if count >= share * total)


def _slot(slot: SlotStats) -> Fields:
    return {
        "child": slot.number,
        "is_ready": slot.is_ready,
        "calls": slot.calls,
        "requests": slot.requests,
        "resident": slot.resident,
    }


def _ban(sanction: Sanction) -> Fields:
    return {
        "kind": sanction.kind,
        "name": sanction.name,
        "address": sanction.address,
        "by": sanction.by,
        "until": utc_seconds(sanction.until),
        "reason": sanction.reason,
    }


def _source(health: SourceHealth) -> Fields:
    last, next_try = health.last_success, health.next_try
    return {
        "name": health.name,
        "state": health.state,
        "last_success": utc_seconds(last) if last is not None else None,
        "failures": health.failures,
        "last_error": health.last_error,
        "next_try": utc_seconds(next_try) if next_try is not None else None,
    }
