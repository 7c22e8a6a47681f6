"""Who is connected, and under which name. Changed in the reactor thread only."""

from collections.abc import Callable, Collection, Iterable
from typing import Final, Protocol

from mixsvc.chat.protocol.requests import Join
from mixsvc.common import names
from mixsvc.errors import NameTaken
from mixsvc.interfaces import Identity

__all__ = ["MOST_LEFT", "Client", "People", "Person", "Transport"]


# How many who have left are remembered.
MOST_LEFT: Final = 1000


class Transport(Protocol):
    """A SockJS session: one write is one message."""

    def write(self, data: str) -> object: ...

    def close(self, code: int, reason: str) -> object: ...

    def pauseProducing(self) -> object: ...

    def resumeProducing(self) -> object: ...


class Person:
    """Somebody under a name, with one connection or several."""

    def __init__(self, id: str, name: str) -> None:
        """id: what all connections of this person have in common."""
        self.id = id
        self.name = name
        self.key = names.key(name)
        self.clients: set[Client] = set()
        # Where the last connection of one who has left came from.
        self.left_from = ""


class Client:
    """One connection as the chat sees it: in some rooms once it has a name."""

    def __init__(self, transport: Transport, address: str) -> None:
        self.transport = transport
        self.address = address
        self.send: Callable[[str], object] = transport.write
        self.person: Person | None = None
        self.identity: Identity | None = None
        self.is_moderator = False
        # Requests that wait for the database, and those refused in a row for coming too fast.
        self.waiting = 0
        self.refused = 0
        # The request that a room's page is being read for; a later one, or none, makes the page useless.
        self.joining: dict[str, Join] = {}
        self.inside: set[str] = set()
        self.pairs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in the chat, empty before hello."""
        return self.person.name if self.person is not None else ""


class People:
    """The persons who are connected; no two have the same name."""

    def __init__(self, reserved: Collection[str], refused: Collection[str]) -> None:
        """reserved: the keys of names that only moderators may have; refused: of those that nobody may have."""
        self._people: dict[str, Person] = {}
        # Those who left last, of whom somebody may still want to be rid.
        self._left: dict[str, Person] = {}
        self._reserved = frozenset(reserved)
        self._refused = frozenset(refused)

    def __len__(self) -> int:
        return len(self._people)

    def find(self, name: str) -> Person | None:
        """The person of this name, whatever its case or width; None when nobody is."""
        try:
            return self._people.get(names.key(names.normalise(name)))
        except names.BadName:
            return None

    def find_lately(self, name: str) -> Person | None:
        """The person of this name, or who had it last, if that is not long ago."""
        person = self.find(name)
        return person if person is not None else self._left.get(names.key(name))

    def check(self, name: str, id: str, may_be_reserved: bool) -> None:
        """Raise NameTaken when a normalised name is not to be had for this person."""
        key = names.key(name)
        person = self._people.get(key)
        is_free = (may_be_reserved or key not in self._reserved) and key not in self._refused
        if is_free and (person is None or person.id == id):
            return
        suggestion = names.suggest(name, _Taken(self._people, self._reserved, self._refused))
        raise NameTaken(f"Somebody else is {name}; {suggestion} is free.", suggestion)

    def enter(self, client: Client, id: str, name: str) -> Person:
        """Give a connection its person; the name was checked."""
        key = names.key(name)
        person = self._people.get(key)
        if person is None:
            person = self._people[key] = Person(id, name)
        person.clients.add(client)
        client.person = person
        return person

    def leave(self, client: Client) -> None:
        """Forget a connection; the name is free with the last one. Harmless for one without a person."""
        person, client.person = client.person, None
        if person is not None:
            person.clients.discard(client)
            if not person.clients:
                del self._people[person.key]
                self._remember(person, client.address)

    def _remember(self, person: Person, address: str) -> None:
        person.left_from = address
        self._left.pop(person.key, None)
        self._left[person.key] = person
        if len(self._left) > MOST_LEFT:
            del self._left[next(iter(self._left))]

    def everyone(self) -> Iterable[Person]:
        """All who are connected, as of now."""
        return tuple(self._people.values())


class _Taken:
    """The keys of names that cannot be had."""

    def __init__(self, *keys: Collection[str]) -> None:
        self._keys = keys

    def __contains__(self, key: object) -> bool:
        return any(key in keys for keys in self._keys)
