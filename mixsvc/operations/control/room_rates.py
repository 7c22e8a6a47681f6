"""How many messages a second each room gets, found out a few rooms at a time."""

from collections.abc import Callable, Sequence
from heapq import heappush, heappushpop
from typing import Any, Final, TypeAlias

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.chat.model.rooms import Room

__all__ = ["RoomRates"]

RoomFields: TypeAlias = dict[str, Any]

# Rooms that are looked at in one turn of the reactor.
AT_ONCE: Final = 200

# Looks at all rooms begin so far apart, and so many times as far as one takes, so that a million rooms cost little.
LOOK_SECONDS: Final = 5.0
PAUSES: Final = 50


class RoomRates:
    """Reads the number of each room's newest message, again and again. Used in the reactor thread.

    No message costs anything for this, and no call holds the reactor.
    """

    def __init__(self, clock: IReactorTime, rooms: Callable[[], Sequence[Room]], most: int) -> None:
        """rooms: all that are in memory. most: how many are listed."""
        self._clock = clock
        self._rooms = rooms
        self._most = most
        self._before: dict[str, int] = {}
        self._before_at = self._began = 0.0
        self._listed: list[RoomFields] | None = None
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Look from now on."""
        self._look()

    def stop(self) -> None:
        """End."""
        if self._call is not None and self._call.active():
            self._call.cancel()

    def listed(self) -> Sequence[RoomFields]:
        """The rooms with the most messages a second, then those with the most members, as they were a moment ago."""
        if self._listed is None:
            return [_fields(each, None) for each in self._rooms()[: self._most]]
        return self._listed

    def _look(self) -> None:
        self._began = self._clock.seconds()
        self._go_on(self._rooms(), 0, {}, [])

    def _go_on(self, rooms: Sequence[Room], start: int, seen: dict[str, int], best: list[Any]) -> None:
        passed = self._began - self._before_at if self._before else 0.0
        for index, room in enumerate(rooms[start : start + AT_ONCE], start):
            seen[room.name] = room.last
            # A room that was not there before may have been loaded from the database.
            rate = (room.last - self._before.get(room.name, room.last)) / passed if passed else None
            entry = ((rate or 0.0, room.size, -index), room, rate)
            if len(best) < self._most:
                heappush(best, entry)
            else:
                heappushpop(best, entry)
        if start + AT_ONCE < len(rooms):
            self._call = self._clock.callLater(0, self._go_on, rooms, start + AT_ONCE, seen, best)
            return
        self._listed = [_fields(room, rate) for _, room, rate in sorted(best, key=lambda entry: entry[0], reverse=True)]
        self._before, self._before_at = seen, self._began
        took = self._clock.seconds() - self._began
        self._call = self._clock.callLater(max(LOOK_SECONDS, PAUSES * took), self._look)


def _fields(room: Room, rate: float | None) -> RoomFields:
    return {
        "name": room.name,
        "members": room.size,
        "per_second": round(rate, 3) if rate is not None else None,
        "messages": room.last,
    }
