"""What nodes ask of the engine: functions on a cursor of PostgreSQL, one statement each, called in its thread.

The functions of SQL are in storage/postgres/schema/2.sql. All but `begin` and `post` may be called twice; also late,
after those that were called since: a server executes what it gets of a connection that is given up.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

from mixsvc.common.records import record
from mixsvc.errors import StorageError
from mixsvc.nodes.elsewhere import NodeRows
from mixsvc.nodes.interfaces import Claimant, Holder
from mixsvc.nodes.own_rows import Batch
from mixsvc.nodes.pulse import Marks
from mixsvc.storage.postgres.columns import columns

__all__ = [
    "Beat",
    "Release",
    "Run",
    "Watched",
    "beat",
    "begin",
    "claim",
    "clean",
    "holder",
    "leave",
    "listen",
    "move",
    "notify",
    "post",
    "rows",
    "shared",
    "taken",
]


# See mixsvc/storage/moving: a node that has started a moment too early must not begin.
_BEGIN = "SELECT node_begin(%s) WHERE NOT EXISTS (SELECT FROM meta WHERE name = 'moving')"

P = ParamSpec("P")
T = TypeVar("T")


class Run(Protocol):
    """PostgresDatabase.run: runs function(cursor, ...) in a thread, in the order of the calls; each statement commits.

    Called in the reactor thread; fails with StorageError while the engine does not answer. Then nobody knows what was
    done.
    """

    def __call__(
        self, function: "Callable[Concatenate[Any, P], T]", /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]": ...


@record
class Beat:
    """What the engine answers to a heartbeat.

    leads: whether this node is the leader. event: the number of the newest event of the journal. written: the numbers
    of the nodes' newest batches, by node. lasts: the numbers of the newest messages, by room; topics: of the newest
    events, by topic. marks: those of all nodes and of the leader. now: the engine's time of day, in seconds since 1970,
    UTC.
    """

    leads: bool
    event: int
    written: Mapping[int, int]
    lasts: Mapping[str, int]
    topics: Mapping[str, int]
    marks: Marks
    now: float


@record
class Watched:
    """The rooms and the topics of which a node wants to know the newest number."""

    rooms: Collection[str]
    topics: Collection[str]


@record
class Release:
    """A name that a node gives back."""

    key: str


def begin(cursor: Any, name: str) -> int:
    """Make a node; returns its number. name: for people.

    Raises StorageError while a history is moved into the database.
    """
    row = cursor.execute(_BEGIN, (name,)).fetchone()
    if row is None:
        raise StorageError("mixsvc move has not completed the history in the database")
    return int(row[0])


def beat(cursor: Any, node: int, watched: Watched, over: str | None) -> Beat | None:
    """A node lives; None if the others have given it up. over: the mark of the leader whose time is over."""
    found = _value(cursor, "SELECT node_beat(%s, %s, %s::uuid)", node, list(watched.rooms), over)
    if found is None:
        return None
    query = "SELECT name, last FROM topic WHERE name = ANY (%s)"
    topics = dict(cursor.execute(query, (list(watched.topics),)).fetchall()) if watched.topics else {}
    written = {int(each): number for each, number in found["written"].items()}
    nodes = {int(each): mark for each, mark in found["marks"].items()}
    marks = Marks(nodes, frozenset(found["leaving"]), found["leader"])
    return Beat(found["leads"], found["event"], written, found["lasts"], topics, marks, float(found["now"]))


def clean(cursor: Any, node: int, gone: Mapping[int, str], old: float | None) -> Sequence[int]:
    """Remove the nodes that have still these marks, and what is so many seconds old; returns the removed nodes.

    old: None removes nothing. What goes is events of the journal, and who had which name.
    """
    query = "SELECT node_clean(%s, %s::jsonb, make_interval(secs => %s))"
    found: Sequence[int] = _value(cursor, query, node, json.dumps(dict(gone)), old)
    return found


def listen(cursor: Any) -> None:
    """Hear from now on what `notify` tells."""
    channel = _value(cursor, "SELECT node_channel()")
    cursor.execute(f"LISTEN {channel}")


def leave(cursor: Any, node: int) -> None:
    """A node stops; the leader removes it some seconds later."""
    cursor.execute("SELECT node_leave(%s)", (node,))


def move(cursor: Any, node: int, batch: Batch) -> int | None:
    """Write a batch; returns the number of the newest that is written now, None if the others gave the node up."""
    rooms, keys, names = columns(batch.changes, 3)
    query = "SELECT node_move(%s, %s, %s, %s::text[], %s::text[], %s::text[])"
    found: int | None = _value(cursor, query, node, batch.number, batch.is_whole, rooms, keys, names)
    return found


def rows(cursor: Any, node: int) -> NodeRows | None:
    """All rows of a node at one moment; None if it is gone."""
    found = _value(cursor, "SELECT node_rows(%s)", node)
    if found is None:
        return None
    number, journal, listed = found
    return NodeRows(node, number, journal, [(room, key, name) for room, key, name in listed])


def claim(cursor: Any, node: int, number: int, asked: Sequence[Claimant | Release]) -> Sequence[str | None] | None:
    """Take names and give them back, in this order; returns the spelling of each that is taken, None for a refusal.

    number: higher than that of every statement before it; one that comes later than its successor does nothing. None
    if it does, or if the others have given the node up.
    """
    text = json.dumps([_asked(each) for each in asked])
    found: Sequence[str | None] | None = _value(cursor, "SELECT node_claim(%s, %s, %s::jsonb)", node, number, text)
    return found


def holder(cursor: Any, node: int, key: str) -> Holder | None:
    """Who has a name on other nodes, or had it last; None if nobody has."""
    query = 'SELECT name, person, holders - %s::text, "left" FROM claim WHERE key = %s'
    found = cursor.execute(query, (str(node), key)).fetchone()
    if found is None:
        return None
    name, person, holders, left = found
    known = list(holders.values()) or ([left] if left is not None else [])
    if not known:
        return None
    addresses = [address for each in known for address in each["addresses"]]
    return Holder(name, person, addresses, any(each["is_moderator"] for each in known))


def taken(cursor: Any, keys: Collection[str], person: str) -> Collection[str]:
    """Those of the keys whose names other persons have."""
    query = "SELECT key FROM claim WHERE key = ANY (%s) AND person <> %s AND holders <> '{}'"
    return [key for (key,) in cursor.execute(query, (list(keys), person)).fetchall()]


def shared(cursor: Any, node: int, addresses: Collection[str], person: str) -> Collection[str]:
    """Those of the addresses that other persons have on other nodes; reads all names."""
    query = """
        SELECT DISTINCT address
        FROM claim, jsonb_each(holders - %s::text) AS holder (node, known),
            jsonb_array_elements_text(known -> 'addresses') AS address
        WHERE person <> %s AND address = ANY (%s)
    """
    return [address for (address,) in cursor.execute(query, (str(node), person, list(addresses))).fetchall()]


def post(cursor: Any, kind: str, room: str, body: Mapping[str, Any]) -> int:
    """Store an event of the journal; returns its number. Called twice, it stores two."""
    return int(_value(cursor, "SELECT add_event(%s, %s, %s::jsonb)", kind, room, json.dumps(dict(body))))


def notify(cursor: Any, texts: Sequence[str]) -> None:
    """Tell all nodes of the schema; texts: of less than 8000 bytes each. Outside of any transaction that changes."""
    query = "SELECT pg_notify(node_channel(), text) FROM unnest(%s::text[]) AS text"
    cursor.execute(query, (list(texts),))


def _asked(each: Claimant | Release) -> dict[str, object]:
    if isinstance(each, Release):
        return {"key": each.key}
    known = {"addresses": [each.address], "is_moderator": each.is_moderator}
    return {"key": each.key, "name": each.name, "person": each.person, "holder": known}


def _value(cursor: Any, query: str, *given: object) -> Any:
    row = cursor.execute(query, given).fetchone()
    return row[0]
