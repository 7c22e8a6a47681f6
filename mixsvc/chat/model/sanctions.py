"""The mutes and bans in force, and whom they hold for. Pure; used in the reactor thread only."""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, TypeAlias

from mixsvc.common.addresses import network

__all__ = ["BAN", "MOST", "MUTE", "Sanction", "Sanctions"]

MUTE: Final = "mute"
BAN: Final = "ban"

MOST: Final = 10_000

# A kind, the field that is compared, and its value.
_Place: TypeAlias = tuple[str, str, str]

_UNTIL: Final = attrgetter("until")


@dataclass(frozen=True, slots=True)
class Sanction:
    """A mute or a ban.

    id: its row in the database, 0 for none yet. kind: MUTE or BAN. name_key: of the name, as names.key gives it;
    name, name_key, person and address are "" where they are not known. by: the moderator's name. until: seconds since
    1970, UTC, when it is over.
    """

    id: int
    kind: str
    name: str
    name_key: str
    person: str
    address: str
    by: str
    reason: str
    until: float


class Sanctions:
    """One sanction of a kind for each target: a name or, where no name is given, an address. A newer one replaces it.

    now: seconds since 1970, UTC, everywhere. What is over is forgotten.
    """

    def __init__(self, most: int = MOST) -> None:
        """most: how many there may be at a time."""
        self._most = most
        self._by_target: dict[_Place, Sanction] = {}
        # Those of a place in the order of their ends: the last one is over when all are.
        self._by_place: dict[_Place, list[Sanction]] = {}

    def check(self, sanction: Sanction, now: float) -> None:
        """Raises ValueError, with a sentence, when there are too many to add this one."""
        if len(self._by_target) < self._most or _target(sanction) in self._by_target:
            return
        self._forget([each for each in self._by_target.values() if each.until <= now])
        if len(self._by_target) >= self._most:
            raise ValueError(f"There are {self._most} mutes and bans already; lift some that are not needed any more.")

    def add(self, sanction: Sanction, now: float) -> None:
        """Put a sanction in force, in place of the older one of the same kind and target. Raises what check does."""
        self.check(sanction, now)
        target = _target(sanction)
        if target in self._by_target:
            self._forget([self._by_target[target]])
        self._by_target[target] = sanction
        for place in _places(sanction):
            insort(self._by_place.setdefault(place, []), sanction, key=_UNTIL)

    def find(self, kind: str, name_key: str, address: str, now: float) -> Sequence[Sanction]:
        """Those of a kind that hold for a name or for an address (of IPv6: its /64).

        "" is no name and no address. A ban by name is found by the address that it holds for, too.
        """
        places = ((kind, "name_key", name_key), (kind, "address", network(address)))
        found = {_target(each): each for place in places for each in self._by_place.get(place, ())}
        return [each for each in found.values() if each.until > now]

    def lift(self, kind: str, name_key: str, address: str, now: float) -> Sequence[Sanction]:
        """End those that find finds, and return them."""
        found = self.find(kind, name_key, address, now)
        self._forget(found)
        return found

    def muted(self, name_key: str, person: str, now: float) -> Sanction | None:
        """The mute that holds longest for a name or a person, if any."""
        return self._longest(((MUTE, "name_key", name_key), (MUTE, "person", person)), now)

    def banned(self, name_key: str, person: str, address: str, now: float) -> Sanction | None:
        """The ban that holds longest for a name, a person or an address (of IPv6: its /64), if any."""
        places = ((BAN, "name_key", name_key), (BAN, "person", person), (BAN, "address", network(address)))
        return self._longest(places, now)

    def all(self, now: float) -> Sequence[Sanction]:
        """Those in force, in the order in which they were added."""
        self._forget([each for each in self._by_target.values() if each.until <= now])
        return list(self._by_target.values())

    def _longest(self, places: Sequence[_Place], now: float) -> Sanction | None:
        longest = None
        for place in places:
            listed = self._by_place.get(place)
            if listed is None:
                continue
            last = listed[-1]
            if last.until <= now:
                self._forget(tuple(listed))
            elif longest is None or last.until > longest.until:
                longest = last
        return longest

    def _forget(self, sanctions: Iterable[Sanction]) -> None:
        for each in sanctions:
            del self._by_target[_target(each)]
            for place in _places(each):
                self._by_place[place].remove(each)
                if not self._by_place[place]:
                    del self._by_place[place]


def _target(sanction: Sanction) -> _Place:
    if sanction.name_key:
        return sanction.kind, "name_key", sanction.name_key
    return sanction.kind, "address", network(sanction.address)


def _places(sanction: Sanction) -> Sequence[_Place]:
    """Where it is found. What is not known is found nowhere: else it would hold for everybody unknown."""
    values = {"name_key": sanction.name_key, "person": sanction.person, "address": network(sanction.address)}
    return [(sanction.kind, field, value) for field, value in values.items() if value]
