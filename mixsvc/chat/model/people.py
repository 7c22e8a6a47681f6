"""Who is connected, and under which name. Pure; used in the reactor thread only."""

from base64 import b64encode
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import sha256
from typing import Final, Protocol

from mixsvc.chat.protocol.requests import Delete, Edit, History, Join, Request, Search
from mixsvc.common import names
from mixsvc.common.records import record
from mixsvc.errors import NameTaken
from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import PersonFacts

__all__ = ["MOST_LEFT", "AskedIdentity", "Client", "People", "Person", "Transport"]


# How many bytes of a digest tell one author from another.
AUTHOR_BYTES: Final = 15

# How many persons who have left are remembered.
MOST_LEFT: Final = 1000


@record
class AskedIdentity:
    """Who comes. identity: None for a stranger. asked_at: when that was asked, in seconds of the reactor's clock."""

    identity: Identity | None
    asked_at: float


class Transport(Protocol):
    """A SockJS session: one write is one message."""

    def write(self, data: str) -> object: ...

    def close(self, code: int, reason: str) -> object: ...

    def pauseProducing(self) -> object: ...

    def resumeProducing(self) -> object: ...

    def discard(self, is_unwanted: Callable[[str], bool], /) -> list[str]: ...


class Person:
    """Somebody with a name, and with one client or several."""

    def __init__(self, id: str, name: str) -> None:
        """id: the same for all clients of this person."""
        self.id = id
        self.name = name
        self.key = names.key(name)
        self.clients: set[Client] = set()
        # The address of the person's last client, once the person has left.
        self.left_from = ""


class Client:
    """One connection to the chat: who it is, the rooms it is in, and what it waits for.

    waiting: how many of its requests wait for the database. refused: how many were refused in a row.
    joining: the rooms whose page is being read, with the request; a page that was read for another request is ignored.
    inside: the rooms it is in. reading: the requests whose page is being read or searched for, by their id(); it is not
    delivered if its request is not there any more. changing: the same for what it changes in messages of its own.
    pairs: the rates it subscribes to.
    held: the requests that wait until it is known whether the client may do the first of them; None if none waits.
    is_gone: the connection is lost. has_token: a token says who it is, whatever its cookies say.
    rooms: the keys of the only rooms that it may enter; None: any.
    identified_at: when it was asked who it is, or when its token was signed, in seconds since 1970, UTC.
    """

    def __init__(self, transport: Transport, address: str) -> None:
        self.transport = transport
        self.address = address
        self.send: Callable[[str], object] = transport.write
        self.person: Person | None = None
        self.identity: Identity | None = None
        self.is_moderator = False
        self.is_gone = False
        self.has_token = False
        self.rooms: frozenset[str] | None = None
        self.identified_at = 0.0
        self.waiting = 0
        self.refused = 0
        self.joining: dict[str, Join] = {}
        self.inside: set[str] = set()
        self.reading: dict[int, History | Search] = {}
        self.changing: dict[int, Edit | Delete] = {}
        self.held: deque[Request] | None = None
        self.pairs: tuple[str, ...] = ()
        self._author: str | None = None

    def may_enter(self, room: str) -> bool:
        """Whether its token, if it has one, is for this room."""
        return self.rooms is None or names.key(room) in self.rooms

    def close(self, code: int, reason: str) -> None:
        """Close the connection; what it has asked for and what waits is not done any more."""
        self.held = None
        self.transport.close(code, reason)

    @property
    def identified(self) -> str | None:
        """The person whom the authenticator knows; None for a stranger."""
        return self.identity.person if self.identity is not None else None

    @property
    def author(self) -> str | None:
        """Tells the messages of its person from those of everybody else; None before hello.

        It is the same for who comes back with the same login or the same token, under any name, and another one for who
        takes the name later. A digest, since it is stored: tokens are secret.
        """
        if self._author is None and self.person is not None:
            kind = "guest" if self.identity is None else "login"
            self._author = b64encode(sha256(f"{kind}:{self.person.id}".encode()).digest()[:AUTHOR_BYTES]).decode()
        return self._author

    def has_logged_out(self) -> bool:
        """Whether the login with which it was opened has ended; called in a worker thread, may block."""
        ended = self.identity.ended if self.identity is not None else None
        return ended is not None and ended()

    @property
    def name(self) -> str:
        """The name of its person, "" before hello."""
        return self.person.name if self.person is not None else ""


class People:
    """The persons who are connected; no two have the same name."""

    def __init__(self, reserved: Collection[str], refused: Collection[str]) -> None:
        """reserved: keys of the names that only moderators may have. refused: keys of those that nobody may have."""
        self._people: dict[str, Person] = {}
        # Those who left last: moderators may still mute or ban them.
        self._left: dict[str, Person] = {}
        self._reserved = frozenset(reserved)
        self._refused = frozenset(refused)

    def __len__(self) -> int:
        return len(self._people)

    def reserve(self, names: Collection[str]) -> None:
        """From now on only moderators may take these names, given by their keys, instead of those before."""
        self._reserved = frozenset(names)

    def find(self, name: str) -> Person | None:
        """The person who has this name, whatever its case or width; None if nobody has it."""
        try:
            return self._people.get(names.key(names.normalise(name)))
        except names.BadName:
            return None

    def facts(self, name: str) -> PersonFacts | None:
        """What is known of whoever has this name; None for nobody here, unless only a moderator may have the name."""
        person, is_reserved = self.find(name), names.key(name) in self._reserved
        if person is None:
            return PersonFacts(name, True, True, False) if is_reserved else None
        is_moderator = any(each.is_moderator for each in person.clients)
        is_known = any(each.identity is not None for each in person.clients)
        return PersonFacts(person.name, is_moderator, is_known, True)

    def find_lately(self, name: str) -> Person | None:
        """The person who has this name, or who had it last and left recently."""
        person = self.find(name)
        return person if person is not None else self._left.get(names.key(name))

    def check(self, name: str, id: str, may_be_reserved: bool) -> None:
        """Raises NameTaken if the person with this id may not have a name. name: normalised."""
        key = names.key(name)
        person = self._people.get(key)
        is_free = (may_be_reserved or key not in self._reserved) and key not in self._refused
        if is_free and (person is None or person.id == id):
            return
        raise self.taken(name, ())

    def taken(self, name: str, elsewhere: Collection[str]) -> NameTaken:
        """Returns the error for a name that another person has. elsewhere: keys of others that are not free either."""
        suggestion = names.suggest(name, _Taken(self._people, self._reserved, self._refused, elsewhere))
        return NameTaken(f"The name {name} is taken; {suggestion} is free.", suggestion)

    def has(self, key: str) -> bool:
        """Whether somebody has the name with this key."""
        return key in self._people

    def enter(self, client: Client, id: str, name: str) -> Person:
        """Give a client its person. name: normalised, and checked by `check`."""
        key = names.key(name)
        person = self._people.get(key)
        if person is None:
            person = self._people[key] = Person(id, name)
        person.clients.add(client)
        client.person = person
        return person

    def leave(self, client: Client) -> None:
        """Take a client from its person, whose name is free after the last one. Does nothing without a person."""
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
        """All persons who are connected now."""
        return tuple(self._people.values())

    def clients_of(self, identified: str | None) -> Sequence[Client]:
        """The clients of whom an application has identified so, whatever their names are; None: of strangers."""
        return [each for person in self._people.values() for each in person.clients if each.identified == identified]


class _Taken:
    """The keys of names that are taken, reserved or refused."""

    def __init__(self, *keys: Collection[str]) -> None:
        self._keys = keys

    def __contains__(self, key: object) -> bool:
        return any(key in keys for keys in self._keys)
