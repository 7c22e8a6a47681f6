"""Everything that operators see of a service, as one object that JSON can hold."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from mixsvc import __version__
from mixsvc.chat.model.sanctions import Sanction
from mixsvc.common.histogram import Histogram
from mixsvc.common.times import utc_seconds
from mixsvc.interfaces import SourceHealth
from mixsvc.operations.control.parts import OperatedService
from mixsvc.operations.control.settings_shown import changed_settings
from twisted import __version__ as twisted_version

__all__ = ["MOST_LISTED", "Overview"]

# What JSON can hold.
Fields: TypeAlias = dict[str, Any]

# How many entries a list has; its total is beside it.
MOST_LISTED: Final = 100


class Overview:
    """Call it for the present state. Used in the reactor thread.

    What it costs does not grow with the lists: each has at most MOST_LISTED entries. Its keys do not change, so that
    programs can read them; new ones may come.
    """

    def __init__(self, service: OperatedService) -> None:
        self._service = service
        self._parts = service.parts
        self._settings = changed_settings(service.settings, os.getcwd())

    def __call__(self) -> Fields:
        """The present state."""
        parts = self._parts
        bans = parts.chat.dispatcher.operators.sanctions()
        return {
            "service": self._about(),
            "sessions": self._sessions(),
            "held": self._held(),
            "rooms": self._rooms(),
            "reactor": self._reactor(),
            "views": self._views(),
            "outboxes": self._outboxes(),
            "storage": self._storage(),
            "nodes": self._nodes(),
            "rates": [_source(each) for each in parts.rates.facade.sources()],
            "refusals": self._refusals(),
            "settings": self._settings,
            "bans": [_ban(each) for each in bans[-MOST_LISTED:]],
            "bans_total": len(bans),
        }

    def _about(self) -> Fields:
        service = self._service
        return {
            "version": __version__,
            "pid": os.getpid(),
            "started": utc_seconds(service.started),
            "uptime": round(time.time() - service.started),
            "stage": service.stage(),
            "listening": [*service.listening],
            "python": sys.version.split()[0],
            "twisted": twisted_version,
            "node": service.settings.nodes.name if self._parts.node is not None else "",
        }

    def _sessions(self) -> Fields:
        numbers, irc = self._parts.chat.resource.numbers(), self._parts.irc
        websockets = sum(numbers.sessions.get(each, 0) for each in ("websocket", "raw websocket"))
        total = sum(numbers.sessions.values())
        doors = {"websocket": websockets, "sockjs": total - websockets, "irc": irc.numbers()[0] if irc else 0}
        doors |= {"events": 0, "sockets": self._parts.sockets.stats().open}
        doors["held"] = sum(self._parts.holder.stats().held.values())
        return {"total": total + doors["irc"], "by_transport": dict(numbers.sessions), "by_door": doors, "list": []}

    def _held(self) -> Fields:
        stats = self._parts.holder.stats()
        return {
            "total": sum(stats.held.values()),
            "by_road": dict(stats.held),
            "opened": dict(stats.opened),
            "slow": stats.slow,
        }

    def _rooms(self) -> Fields:
        stats = self._parts.chat.stats()
        return {"total": stats.rooms, "members": stats.members, "messages": stats.messages, "list": []}

    def _reactor(self) -> Fields:
        timers = len(self._service.reactor.getDelayedCalls())
        return {"lag_now": None, "lag_p99": quantile(self._service.lag, 0.99), "timers": timers, "stalls": []}

    def _views(self) -> Fields:
        running, waiting = self._parts.views.load()
        return {"size": self._parts.views.size, "busy": running, "waiting": waiting, "running": [], "slots": []}

    def _outboxes(self) -> Fields:
        numbers = self._parts.chat.resource.numbers()
        return {
            "closed": numbers.outbox_closes,
            "held_slow": self._parts.holder.stats().slow,
            "sockets_slow": self._parts.sockets.stats().slow,
            "responses_on_disk": self._parts.unread.on_disk,
        }

    def _storage(self) -> Fields:
        stats, settings = self._parts.chat.stats(), self._service.settings.storage
        return {
            "kind": "postgresql" if settings.url else "sqlite",
            "available": self._parts.database.is_available,
            "commits": _count(stats.commit_seconds),
            "messages": stats.messages,
            "seconds_p50": quantile(stats.commit_seconds, 0.5),
            "seconds_p99": quantile(stats.commit_seconds, 0.99),
            "waiting": None,
        }

    def _nodes(self) -> Fields | None:
        node = self._parts.node
        if node is None:
            return None
        stats = node.stats()
        return {"total": stats.nodes, "is_leader": stats.is_leader, "repairs": stats.repairs, "losses": stats.losses}

    def _refusals(self) -> Mapping[str, Mapping[str, int]]:
        parts = self._parts
        found = {
            "http": self._service.http().refused,
            "sessions": parts.chat.resource.numbers().refused,
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


def _count(histogram: Histogram) -> int:
    return max(count for _, count in histogram.buckets())


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
