"""Who is connected, as operators see it; each gets a number by which it can be closed."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mixsvc.chat.connection import ChatConnection
from mixsvc.common.times import utc_seconds
from mixsvc.errors import ActionRefused
from mixsvc.operations.control.parts import MonitoredParts

if TYPE_CHECKING:
    from mixsvc.irc.connection import IrcConnection

__all__ = ["SessionBook"]

SessionFields: TypeAlias = dict[str, Any]

# How many of those that were shown last can be closed by their numbers.
KEPT: Final = 1000

WEBSOCKETS: Final = frozenset(("websocket", "raw websocket"))

GOODBYE: Final = "Closed by an operator"

# See RFC 6455, registered codes: our clients come back after it.
SERVICE_RESTART: Final = 1012


class SessionBook:
    """Lists sessions, and closes them. Used in the reactor thread.

    A number is given to a session when it is shown first, so that sessions that nobody looks at cost nothing.
    """

    def __init__(self, parts: MonitoredParts, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        """clock: seconds, by which the sessions were opened. wall: seconds since 1970, UTC."""
        self._parts = parts
        self._clock = clock
        self._wall = wall
        self._numbers = count(1)
        # By the id() of an object: its number, the object itself, and what closes it.
        self._shown: OrderedDict[int, tuple[int, object, Callable[[], object]]] = OrderedDict()

    def chat(self, lagging: Sequence[Any], most: int) -> list[SessionFields]:
        """Sessions of the chat: those whose clients do not keep up, then the newest; at most so many.

        lagging: the transports of the former, the worst first.
        """
        found = {each: None for each in (*lagging, *self._parts.chat.resource.newest(most))}
        listed = [self._sockjs(each) for each in islice(found, most)]
        if self._parts.irc is not None:
            listed += [self._irc(each) for each in self._parts.irc.newest(most)]
            listed.sort(key=lambda fields: (-fields["unsent"], fields["id"]))
        return listed[:most]

    def held(self, most: int) -> list[SessionFields]:
        """Clients that are held, at most so many."""
        return list(self._held(most))

    def close(self, number: int) -> str:
        """Close a session that was shown under this number; returns what it was. Raises ActionRefused."""
        for key, (known, _, close) in self._shown.items():
            if known == number:
                del self._shown[key]
                close()
                return f"session {number} is closed"
        raise ActionRefused(f"there is no session {number}; the list of sessions has their numbers")

    def _sockjs(self, transport: Any) -> SessionFields:
        connection = transport.protocol
        client = connection.client if isinstance(connection, ChatConnection) else None
        kind = transport.session.transport
        return {
            "id": self._number(transport, lambda: transport.close(SERVICE_RESTART, GOODBYE)),
            "person": client.name if client is not None else "",
            "door": "websocket" if kind in WEBSOCKETS else "sockjs",
            "transport": kind,
            "address": str(getattr(transport.getPeer(), "host", "")),
            "since": self._moment(transport.opened_at),
            "rooms": len(client.inside) if client is not None else 0,
            "unsent": transport.unsent,
        }

    def _irc(self, connection: "IrcConnection") -> SessionFields:
        return {
            "id": self._number(connection, lambda: connection.end(GOODBYE)),
            "person": connection.name,
            "door": "irc",
            "transport": "irc over TLS" if connection.is_secure else "irc",
            "address": connection.address,
            "since": self._moment(connection.opened_at),
            "rooms": connection.rooms,
            "unsent": connection.unsent,
        }

    def _held(self, most: int) -> Iterator[SessionFields]:
        for client, person in self._parts.holder.some(most):
            record: Any = getattr(client, "record", None)
            peer = record.getClientAddress() if record is not None else None
            yield {
                "id": self._number(client, client.abort),
                "person": person,
                "road": client.road.value,
                "address": str(getattr(peer, "host", "")),
                "since": self._moment(record.began) if record is not None else None,
            }

    def _moment(self, at: float) -> str:
        return utc_seconds(self._wall() - (self._clock() - at))

    def _number(self, owner: object, close: Callable[[], object]) -> int:
        known = self._shown.pop(id(owner), None)
        number = known[0] if known is not None else next(self._numbers)
        self._shown[id(owner)] = (number, owner, close)
        if len(self._shown) > KEPT:
            self._shown.popitem(last=False)
        return number
