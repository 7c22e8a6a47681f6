"""A service that has no parts: what the window shows of it and does there is up to the test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred

from mixsvc.errors import NoSuchRoom

__all__ = ["HOSTILE", "ImaginaryDesk", "a_busy_service", "an_idle_service"]

# What somebody may call themselves.
HOSTILE: Final = "<img src=x onerror=\"document.title='pwned'\">'\"&{{7*7}}\u202edesrever"


@dataclass(frozen=True)
class Argument:
    name: str
    summary: str
    default: str | None = None
    is_rest: bool = False


@dataclass(frozen=True)
class Action:
    name: str
    summary: str
    arguments: Sequence[Argument] = ()


ACTIONS: Final = (
    Action(
        "say",
        "say something in a room, in the name of the service",
        (Argument("room", "the name of a room"), Argument("text", "what is said", is_rest=True)),
    ),
    Action("close", "close a session", (Argument("session", "the id of a session"),)),
    Action(
        "ban",
        "keep somebody out of a room",
        (
            Argument("room", "the name of a room"),
            Argument("person", "their name or id"),
            Argument("seconds", "for how long; an hour unless it is given", default="3600"),
        ),
    ),
    Action(
        "lift",
        "take a ban or mute back",
        (Argument("room", "the name of a room"), Argument("person", "their name or id")),
    ),
    Action("reopen", "reopen the log files, which somebody has moved away"),
    Action(
        "drain",
        "let /readyz say that the service should get no new requests, or take that back",
        (Argument("off", "the word off takes it back", default=""),),
    ),
    Action("restart", "let a new process take over"),
    Action("ask", "ask a source of rates now", (Argument("source", "the name of a source"),)),
)


@dataclass
class ImaginaryDesk:
    """asked: how often its overview was. done: the actions that were. answers: what they lead to. trouble: instead of
    an overview.
    """

    shown: Mapping[str, Any]
    asked: int = 0
    asked_for_series: int = 0
    done: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    answers: Mapping[str, Any] = field(default_factory=dict)
    trouble: Exception | None = None

    def overview(self) -> Mapping[str, Any]:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.shown

    def series(self) -> Mapping[str, Any]:
        self.asked_for_series += 1
        return {"sessions": [None, 1.0, 2.0]}

    def actions(self) -> Mapping[str, Action]:
        return {each.name: each for each in ACTIONS}

    def perform(self, name: str, words: Sequence[str]) -> "Deferred[str]":
        return maybeDeferred(self._perform, name, words)

    def _perform(self, name: str, words: Sequence[str]) -> Any:
        self.done.append((name, words))
        if name == "say" and words[0] == "nowhere":
            raise NoSuchRoom("there is no room nowhere")
        return self.answers.get(name, f"{name} is done")


def an_idle_service() -> dict[str, Any]:
    """Nobody is here."""
    return {
        "service": {
            "version": "0.1.0",
            "pid": 4711,
            "started": "2026-10-30T15:04:05Z",
            "uptime": 12,
            "stage": "serving",
            "listening": ["http://127.0.0.1:8080/"],
            "python": "3.11.2",
            "twisted": "26.10.0",
            "node": "",
        },
        "sessions": {"total": 0, "by_transport": {}, "by_door": {"websocket": 0, "sockjs": 0, "irc": 0}, "list": []},
        "held": {"total": 0, "by_road": {}, "opened": {}, "slow": 0},
        "rooms": {"total": 0, "persons": 0, "messages": 0, "per_second": 0.0, "list": []},
        "reactor": {"lag_now": 0.0004, "lag_p99": 0.001, "timers": 11, "stalls": []},
        "views": {"size": 10, "busy": 0, "waiting": 0, "running": [], "slots": []},
        "outboxes": {"closed": 0, "held_slow": 0, "sockets_slow": 0, "responses_on_disk": 0},
        "storage": {"kind": "sqlite", "available": True, "commits": 0, "seconds_p50": None, "seconds_p99": None},
        "nodes": None,
        "rates": [
            {"name": "ecb", "state": "untried", "last_success": None, "failures": 0, "last_error": "", "next_try": None}
        ],
        "refusals": {"http": {}, "sessions": {}},
        "settings": [],
        "bans": [],
    }


def a_busy_service() -> dict[str, Any]:
    """Many people in many rooms, some with hostile names; everything that can be shown is there."""
    found = an_idle_service()
    names = ["Ann", "Jürgen Hänsel-Überwasser", "李伟", "محمد علي", HOSTILE, "x" * 200, "Bob"]
    sessions = [
        {
            "id": f"s{number}",
            "person": names[number % 7],
            "door": ("websocket", "sockjs", "irc")[number % 3],
            "transport": ("websocket", "xhr_streaming", "eventsource")[number % 3],
            "address": f"192.0.2.{number}" if number % 2 else "2001:db8:1234:5678:9abc:def0:1234:5678",
            "since": "2026-10-30T15:04:05Z",
            "rooms": number % 9,
            "unsent": number * 1000,
        }
        for number in range(100)
    ]
    rooms = [
        {
            "name": f"{names[number % 7]} {number}",
            "members": 100 - number,
            "per_second": number / 8,
            "messages": number * 12345,
        }
        for number in range(100)
    ]
    stalls = [
        {
            "at": f"2026-10-30T15:04:0{number}.123Z",
            "seconds": 0.35,
            "stack": [
                "mixsvc/chat/dispatch.py:120 in handle",
                "/srv/shop/views.py:12 in <lambda>",
                "json/decoder.py:353 in raw_decode",
            ],
            "view": "GET /slow?x=<b>",
            "cause": "a view computes in another thread, or holds the interpreter there",
            "view_stack": ["srv/shop/views.py:17 slow"],
        }
        for number in range(3)
    ]
    children = [
        {"child": number, "pid": 4712 + number, "is_ready": True, "calls": 3, "memory": 53_000_000} for number in (1, 2)
    ]
    found["service"] |= {
        "uptime": 12 * 86400,
        "node": "berlin-1",
        "listening": ["https://example.org/", "irc on 0.0.0.0:6697"],
    }
    found["sessions"] |= {
        "total": 9876,
        "by_transport": {"websocket": 9000, "xhr_streaming": 776, "eventsource": 100},
        "by_door": {"websocket": 9000, "sockjs": 876, "irc": 40},
        "list": sessions,
    }
    found["held"] |= {"total": 1200, "by_road": {"stream": 1100, "poll": 100}, "opened": {"stream": 20000}}
    found["rooms"] |= {"total": 1000, "persons": 23456, "messages": 1234567, "per_second": 345.6, "list": rooms}
    found["reactor"] |= {"lag_now": 0.0123, "lag_p99": 0.05, "stalls": stalls}
    found["views"] |= {
        "busy": 2,
        "waiting": 3,
        "running": [
            {"name": "GET /report?year=2026", "seconds": 12.3, "where": "/srv/shop/views.py:12 in report"},
            {"name": "POST /cart", "seconds": 0.02, "where": "ssl.py:1134 in read"},
        ],
        "slots": children,
    }
    found["storage"] |= {"commits": 123456, "seconds_p50": 0.0025, "seconds_p99": 0.05, "waiting": 4}
    found["nodes"] = [
        {"name": "berlin-1", "seen": "2026-10-30T15:04:05Z", "is_leader": True},
        {"name": "paris-2", "seen": "2026-10-30T15:04:04Z", "is_leader": False},
    ]
    found["rates"] += [
        {
            "name": "json",
            "state": "failing",
            "last_success": "2026-10-30T15:04:05Z",
            "failures": 3,
            "last_error": "the server answered with status 503 and a body that is no JSON: <html>",
            "next_try": "2026-10-30T15:05:05Z",
        }
    ]
    found["refusals"] = {"http": {"413": 2, "evicted": 17}, "sessions": {"address": 4}, "chat": {"slow_down": 1234}}
    found["settings"] = [
        {"section": "chat", "key": "rooms", "value": "lobby, trading"},
        {"section": "storage", "key": "url", "value": "(hidden)"},
    ]
    banned = {"by": "Mona", "reason": "advertising", "until": "2026-11-30T15:04:05Z"}
    found["bans"] = [
        {"kind": "mute", "name": HOSTILE, "address": "", **banned},
        {"kind": "ban", "name": "", "address": "192.0.2.0/24", **banned},
    ]
    found["bans_total"] = 2
    found["held"]["list"] = [
        {"id": 4711, "person": HOSTILE, "road": "stream", "address": "192.0.2.7", "since": "2026-10-30T15:04:05Z"}
    ]
    return found
