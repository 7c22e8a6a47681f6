"""A chat of one node: every answer comes at once, and there is nobody to tell. Used in the reactor thread."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from twisted.internet.defer import Deferred, FirstError, gatherResults, maybeDeferred, succeed
from twisted.python.failure import Failure

from mixsvc.nodes.hints import Hint
from mixsvc.nodes.interfaces import (
    Claimant,
    H,
    Holder,
    JournalEvent,
    JournalPage,
    NodeHost,
    Nodes,
    PresenceListener,
)
from mixsvc.nodes.members import OWN, Occupancy

__all__ = ["alone"]


def alone() -> Nodes:
    """What a chat uses of the nodes if it is the only one; nothing of it lasts longer than the process."""
    return Nodes(_NoBus(), _LocalRoster(), _LocalClaims(), _LocalJournal(), _OwnHeart())


class _NoBus:
    """Implements Bus: nobody else is there."""

    def tell(self, hint: Hint) -> None:
        """Does nothing."""

    def listen(self, kind: type[H], heard: Callable[[H], object]) -> None:
        """Does nothing: there are no hints."""


class _LocalRoster:
    """Implements Roster for the persons of this process."""

    def __init__(self) -> None:
        self._rooms = Occupancy()
        self.members = self._rooms.members

    def listen(self, listener: PresenceListener) -> None:
        """Does nothing: nobody comes by way of another node."""

    def enter(self, room: str, key: str, name: str) -> bool:
        return self._rooms.add(room, key, name, OWN)

    def leave(self, room: str, key: str) -> bool:
        return self._rooms.remove(room, key)

    def send_on(self, room: str, key: str) -> None:
        # There is no other node, nor anybody who is told.
        self._rooms.remove(room, key)

    def remove(self, room: str, key: str) -> bool:
        return self._rooms.remove(room, key)


class _LocalClaims:
    """Implements Claims: who has which name in this process is known to the chat itself."""

    def claim(self, wanted: Claimant) -> "Deferred[str | None]":
        return succeed(wanted.name)

    def release(self, key: str) -> None:
        """Does nothing."""

    def holder(self, key: str) -> "Deferred[Holder | None]":
        return succeed(None)

    def shared(self, addresses: Collection[str], person: str) -> "Deferred[Collection[str]]":
        return succeed(())

    def taken(self, keys: Collection[str], person: str) -> "Deferred[Collection[str]]":
        return succeed(())


class _LocalJournal:
    """Implements Journal: what this node has stored is all there is."""

    def __init__(self) -> None:
        self._apply: Callable[[JournalEvent], object] | None = None
        self._listeners: dict[str, Callable[[JournalEvent], object]] = {}

    def follow(
        self,
        apply: Callable[[JournalEvent], object],
        missed: Callable[[], object],
        read: "Callable[[int], Deferred[JournalPage]]",
    ) -> None:
        self._apply = apply

    def listen(self, kind: str, apply: Callable[[JournalEvent], object], missed: Callable[[], object]) -> None:
        self._listeners[kind] = apply

    def begin_at(self, position: int) -> None:
        """Does nothing: no event has a number."""

    def stored(self, event: JournalEvent) -> "Deferred[None]":
        doing = [
            maybeDeferred(apply, event) for apply in (self._listeners.get(event.kind), self._apply) if apply is not None
        ]
        # Most are done at once.
        return gatherResults(doing, consumeErrors=True).addCallbacks(lambda _: None, _why)

    def look(self) -> None:
        """Does nothing: each event comes by way of this node."""

    def post(self, kind: str, room: str, body: Mapping[str, Any]) -> "Deferred[None]":
        return self.stored(JournalEvent(0, kind, room, body))


class _OwnHeart:
    """Implements Heart: nobody can give this node up."""

    is_trusted = True
    may_recall = True
    is_leader = True

    def beat_for(self, host: NodeHost) -> None:
        """Does nothing."""

    def watch(self, topics: Callable[[], Collection[str]]) -> None:
        """Does nothing: all events come by way of this node."""


def _why(failure: Failure) -> Failure:
    assert isinstance(failure.value, FirstError)
    return failure.value.subFailure
