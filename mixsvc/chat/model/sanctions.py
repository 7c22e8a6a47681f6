"""The mutes and bans in force, and whom they apply to. Pure; used in the reactor thread only."""

from bisect import insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final, TypeAlias

from mixsvc.common.addresses import network
from mixsvc.common.records import record

__all__ = ["BAN", "MOST", "MUTE", "Sanction", "Sanctions"]

MUTE: Final = "mute"
BAN: Final = "ban"

MOST: Final = 10_000

# How many sanctions are remembered, with those that have ended, in multiples of those that may be in force.
REMEMBERED: Final = 2

# What a sanction is found by: its kind, a field of it, and the field's value.
_Subject: TypeAlias = tuple[str, str, str]

_UNTIL: Final = attrgetter("until")


@record
class Sanction:
    """A mute or a ban.

    id: its row in the database, 0 before it is stored. kind: MUTE or BAN. name_key: the name as names.key returns it.
    name, name_key, person and address are "" if they are unknown. by: the moderator's name. until: when it ends, in
    seconds since 1970, UTC.
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
    """The sanctions in force, one of each kind for a target: a name or, without a name, an address.

    A newer sanction of the same kind and target replaces the older one. Sanctions that have ended are remembered until
    `forget_ended`, since they are in force again when a wrong time of day is put right. `now` is in seconds since 1970,
    UTC, in all methods.
    """

    def __init__(self, most: int = MOST) -> None:
        """most: how many sanctions may be in force."""
        self._most = most
        self._by_target: dict[_Subject, Sanction] = {}
        # The sanctions of a subject, sorted by their ends: when the last one has ended, all have.
        self._by_subject: dict[_Subject, list[Sanction]] = {}

    def check(self, sanction: Sanction, now: float) -> None:
        """Raises ValueError, with a sentence for the moderator, if this sanction cannot be added to so many others."""
        if len(self._by_target) < self._most or _target(sanction) in self._by_target:
            return
        if len(self.all(now)) >= self._most:
            raise ValueError(f"There are {self._most} mutes and bans already; lift some that are no longer needed.")

    def add(self, sanction: Sanction, now: float) -> None:
        """Put a sanction in force, in place of the older one of the same kind and target. Raises as check does."""
        self.check(sanction, now)
        target = _target(sanction)
        if target in self._by_target:
            self._forget([self._by_target[target]])
        elif len(self._by_target) >= REMEMBERED * self._most:
            self.forget_ended(now)
        self._by_target[target] = sanction
        for subject in _subjects(sanction):
            insort(self._by_subject.setdefault(subject, []), sanction, key=_UNTIL)

    def clear(self) -> None:
        """Forget all of them."""
        self._by_target.clear()
        self._by_subject.clear()

    def forget_ended(self, now: float) -> None:
        """Forget the sanctions that have ended; called when the time of day may be trusted."""
        self._forget([each for each in self._by_target.values() if each.until <= now])

    def move(self, ids: Collection[int], seconds: float) -> Sequence[int]:
        """Let the sanctions of these ids end so much later; returns the ids of those that are there."""
        moved = [each for each in self._by_target.values() if each.id in ids]
        for each in moved:
            later = replace(each, until=each.until + seconds)
            self._by_target[_target(each)] = later
            for subject in _subjects(each):
                self._by_subject[subject].remove(each)
                insort(self._by_subject[subject], later, key=_UNTIL)
        return [each.id for each in moved]

    def find(self, kind: str, name_key: str, address: str, now: float) -> Sequence[Sanction]:
        """The sanctions of a kind that apply to a name or to an address (IPv6: its /64 network).

        name_key, address: "" for none. A ban of a name is also found by the address that it applies to.
        """
        subjects = ((kind, "name_key", name_key), (kind, "address", network(address)))
        found = {_target(each): each for subject in subjects for each in self._by_subject.get(subject, ())}
        return [each for each in found.values() if each.until > now]

    def lift(self, kind: str, name_key: str, address: str, now: float) -> Sequence[Sanction]:
        """End the sanctions that `find` finds, and return them."""
        found = self.find(kind, name_key, address, now)
        self._forget(found)
        return found

    def muted(self, name_key: str, person: str, now: float) -> Sanction | None:
        """The mute of a name or a person that ends last; None if there is none."""
        return self._longest(((MUTE, "name_key", name_key), (MUTE, "person", person)), now)

    def banned(self, name_key: str, person: str, address: str, now: float) -> Sanction | None:
        """The ban of a name, a person or an address (IPv6: its /64 network) that ends last; None if there is none."""
        subjects = ((BAN, "name_key", name_key), (BAN, "person", person), (BAN, "address", network(address)))
        return self._longest(subjects, now)

    def all(self, now: float) -> Sequence[Sanction]:
        """The sanctions in force, in the order in which they were added."""
        return [each for each in self._by_target.values() if each.until > now]

    def _longest(self, subjects: Sequence[_Subject], now: float) -> Sanction | None:
        if not self._by_subject:
            # Asked for each message, and mostly so.
            return None
        # The last of each list ends last.
        last = [listed[-1] for subject in subjects if (listed := self._by_subject.get(subject))]
        return max((each for each in last if each.until > now), key=_UNTIL, default=None)

    def _forget(self, sanctions: Iterable[Sanction]) -> None:
        for each in sanctions:
            del self._by_target[_target(each)]
            for subject in _subjects(each):
                self._by_subject[subject].remove(each)
                if not self._by_subject[subject]:
                    del self._by_subject[subject]


def _target(sanction: Sanction) -> _Subject:
    if sanction.name_key:
        return sanction.kind, "name_key", sanction.name_key
    return sanction.kind, "address", network(sanction.address)


def _subjects(sanction: Sanction) -> Sequence[_Subject]:
    """What it is found by. Unknown fields are left out: else it would apply to everybody for whom they are unknown."""
    values = {"name_key": sanction.name_key, "person": sanction.person, "address": network(sanction.address)}
    return [(sanction.kind, field, value) for field, value in values.items() if value]
