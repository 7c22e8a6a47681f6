"""Who is connected, as operators see it; each gets a number by which it can be closed."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mixsvc.chat.connection import ChatConnection
from mixsvc.common.records import record
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


@record
class Closing:
    """How a session is closed. is_open: whether it has not ended."""

    close: Callable[[], object]
    is_open: Callable[[], bool]


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
        # By the id() of an object: its number, the object itself, and how it is closed.
        self._shown: OrderedDict[int, tuple[int, object, Closing]] = OrderedDict()

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
        for key, (known, _, closing) in self._shown.items():
            if known == number:
                del self._shown[key]
                if not closing.is_open():
                    raise ActionRefused(f"session {number} has ended already")
                closing.close()
                return f"session {number} is closed"
        raise ActionRefused(f"there is no session {number}; the list of sessions has their numbers")

    def _sockjs(self, transport: Any) -> SessionFields:
        connection = transport.protocol
        client = connection.client if isinstance(connection, ChatConnection) else None
        kind = transport.session.transport
        return {
            "id": self._number(
                transport,
                Closing(lambda: transport.close(SERVICE_RESTART, GOODBYE), lambda: transport.protocol is not None),
            ),
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
            "id": self._number(
                connection, Closing(lambda: connection.end(GOODBYE), lambda: self._is_irc_open(connection))
            ),
            "person": connection.name,
            "door": "irc",
            "transport": "irc over TLS" if connection.is_secure else "irc",
            "address": connection.address,
            "since": self._moment(connection.opened_at),
            "rooms": connection.rooms,
            "unsent": connection.unsent,
        }

    def _held(self, most: int) -> Iterator[SessionFields]:
        for each in self._parts.holder.some(most):
            yield {
                "id": self._number(
                    each.client, Closing(each.client.abort, partial(self._parts.holder.is_held, each.client))
                ),
                "person": each.person,
                "road": each.client.road.value,
                "address": each.network,
                "since": self._moment(each.client.began),
            }

    def _is_irc_open(self, connection: "IrcConnection") -> bool:
        irc = self._parts.irc
        return irc is not None and connection in irc.newest(irc.numbers()[0])

    def _moment(self, at: float) -> str:
        return utc_seconds(self._wall() - (self._clock() - at))

    def _number(self, owner: object, closing: Closing) -> int:
        known = self._shown.pop(id(owner), None)
        number = known[0] if known is not None else next(self._numbers)
        self._shown[id(owner)] = (number, owner, closing)
        if len(self._shown) > KEPT:
            self._shown.popitem(last=False)
        return number
