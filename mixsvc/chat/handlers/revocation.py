"""Takes permissions back: a person is asked about anew, and leaves a room at once that it may not be in any more."""

from collections.abc import Sequence
from typing import TypeAlias

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.chat.handlers.membership import MembershipHandler
from mixsvc.chat.handlers.room_events import RoomEvents
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.acts import Withdrawal, event_of
from mixsvc.chat.model.people import Client
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Request
from mixsvc.common.text import is_storable

__all__ = ["RevocationHandler"]

Withdrawn: TypeAlias = Sequence[tuple[Client, Request]]

NOT_ALLOWED = "You may not be in this room any more."


class RevocationHandler:
    """Revokes what was permitted. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState, membership: MembershipHandler, room_events: RoomEvents) -> None:
        self._state = state
        self._membership = membership
        self._room_events = room_events

    def revoke(self, person: str | None, room: str) -> "Deferred[None]":
        """See IChat.revoke; fires when it has taken effect on all nodes. Raises ValueError; fails with ServiceBusy."""
        if not is_storable(f"{person or ''}{room}"):
            raise ValueError("The person or the room has the character U+0000 or half a surrogate pair.")
        act = Withdrawal(self._state.access.spelling(room), person)
        event = event_of(act)
        return self._state.nodes.journal.post(event.kind, event.room, event.body)

    def ban(self, person: str) -> None:
        """End the streams of a person who is banned; who decides about new ones asks whether that is so."""
        self._room_events.banned(person)

    def withdraw(self, act: Withdrawal) -> "Deferred[None]":
        """Ask anew what a person may do; fires when that has taken effect.

        Pages that are being read for the person are not delivered, whatever the new answer is.
        """
        # Those that nobody is in any more may be gone afterwards.
        rooms = self._state.access.meant(act.room)
        running = self._withdraw(act.person, act.room)
        for room in rooms:
            self._room_events.revoked(act.person, room)
        return running

    def _withdraw(self, person: str | None, name: str) -> "Deferred[None]":
        self._state.access.forget(person, name)
        withdrawn = self._waiting(person, name)
        asking = self._state.access.ask(person, "join", name)
        return asking.addCallback(self._decided, person, name, withdrawn)

    def _decided(self, answer: bool | None, person: str | None, room: str, withdrawn: Withdrawn) -> None:
        if answer is True:
            code, text = "busy", "Your permissions have changed; ask again."
        else:
            code, text = "not_allowed", NOT_ALLOWED
            # Joins that began while the application was asked.
            withdrawn = [*withdrawn, *self._waiting(person, room)]
            for each in self._state.access.meant(room):
                self._shut(person, each)
        for client, request in withdrawn:
            if client.person is not None:
                self._state.refuse(client, refusal(request, code, text))

    def _waiting(self, person: str | None, name: str) -> Withdrawn:
        """See _withdraw."""
        clients, rooms = self._state.people.clients_of(person), self._state.access.meant(name)
        return [(each, request) for each in clients for room in rooms for request in _withdraw(each, room)]

    def _shut(self, person: str | None, room: str) -> None:
        clients = self._state.people.clients_of(person)
        self._state.storage.withdraw(room, {each.name for each in clients})
        for client in clients:
            self._take_out(client, room)

    def _take_out(self, client: Client, room: str) -> None:
        for of in events.answers_among(client.transport.discard(events.about_room(room))):
            self._state.refuse(client, RequestRefused("not_allowed", NOT_ALLOWED, of=of, room=room))
        if room in client.inside:
            self._log.info("chat: {name!r} may not be in {room!r} any more", name=client.name, room=room)
            self._membership.take_out(client, room, NOT_ALLOWED)


def _withdraw(client: Client, room: str) -> Sequence[Request]:
    """Returns the requests of a client that wait for a page of the room, or to change a message there.

    The page is not delivered, and nothing is changed.
    """
    joining = client.joining.pop(room, None)
    # A search without a room is in all of them.
    reading = [each for each in client.reading.values() if each.room in (room, None)]
    for request in reading:
        del client.reading[id(request)]
    changing = [each for each in client.changing.values() if each.room == room]
    for change in changing:
        del client.changing[id(change)]
    return [*([joining] if joining is not None else []), *reading, *changing]
