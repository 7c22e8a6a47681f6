"""Who is in which room, and what the others are told of it."""

from collections.abc import Sequence
from typing import Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import Hall, leave_place, take_place
from mixsvc.chat.model.people import Guest, Person, Transport
from mixsvc.chat.model.rooms import BadRoom, Room, TooManyRooms
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import WireError, refusal
from mixsvc.chat.protocol.requests import Join, Leave, ListRooms, Who
from mixsvc.chat.storage.messages import Query
from mixsvc.interfaces import ChatPage

__all__ = ["CATCH_UP", "ROOMS_AT_ONCE", "Membership"]

# Messages that whoever comes back gets at most.
CATCH_UP: Final = 1000

# Names in one answer to `who`.
NAMES_AT_ONCE: Final = 500

# Rooms in `welcome`, and in one answer to `rooms`.
ROOMS_AT_ONCE: Final = 100

# How often a large room is told how many are inside, in seconds.
SUMMARY_SECONDS: Final = 1.0


class Membership:
    """Answers join, leave, rooms and who. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._closing = False

    def close(self) -> None:
        """All connections are about to end: nobody is told any more who leaves, which would take n * n messages."""
        self._closing = True

    def join(self, guest: Guest, request: Join) -> None:
        """Let a guest in as soon as the room's page is read. Raises WireError."""
        name = request.room
        if name in guest.inside or name in guest.joining:
            raise refusal(request, "already_inside", f"You are in {name} already.")
        if len(guest.inside) + len(guest.joining) >= self._hall.settings.max_joined:
            raise refusal(request, "too_many_rooms", f"You are in {self._hall.settings.max_joined} rooms already.")
        take_place(guest, request, "busy")
        try:
            self._obtain(request)
        except WireError:
            leave_place(guest)
            raise
        guest.joining[name] = request
        page = self._hall.history.catch_up(self._query(request))
        page.addCallbacks(self._joined, self._not_joined, (guest, request), errbackArgs=(guest, request))

    def leave(self, guest: Guest, request: Leave) -> None:
        """Let a guest out. Raises WireError."""
        # A room that is being joined may have made place for another one.
        if guest.joining.pop(request.room, None) is None:
            self._hall.room(request, request.room)
        guest.send(events.left(request.room))
        if request.room in guest.inside:
            self._take_out(guest, request.room)
        self._release(request.room)

    def depart(self, guest: Guest) -> None:
        """The connection is lost: it is in no room any more."""
        guest.joining.clear()
        for name in sorted(guest.inside):
            self._take_out(guest, name)
            self._release(name)

    def put_out(self, person: Person, name: str, told: str) -> None:
        """Take every connection of a person out of a room, also those about to join, and tell all whom it concerns."""
        room = self._hall.rooms.find(name)
        if room is None:
            return
        audience = room.audience()
        inside = [guest for guest in person.guests if name in guest.inside]
        joining = [guest for guest in person.guests if guest.joining.pop(name, None) is not None]
        for guest in inside:
            guest.inside.remove(name)
            room.leave(guest.transport)
        # Who left meanwhile was told of already.
        told_too = audience if inside else ()
        self._hall.announce(told, (*told_too, *(guest.transport for guest in joining)))
        self._hall.rooms.release(room)

    def list_rooms(self, guest: Guest, request: ListRooms) -> None:
        """Which rooms there are."""
        found = self._hall.rooms.overview()
        names = [each.room for each in found]
        start = names.index(request.after) + 1 if request.after in names else 0
        guest.send(events.rooms(found[start : start + ROOMS_AT_ONCE], len(found) > start + ROOMS_AT_ONCE))

    def who(self, guest: Guest, request: Who) -> None:
        """Who is in a room. Raises WireError."""
        room = self._hall.room(request, request.room)
        found = room.names_after(request.after, NAMES_AT_ONCE + 1)
        guest.send(events.who(room.name, found[:NAMES_AT_ONCE], room.size, len(found) > NAMES_AT_ONCE))

    def _obtain(self, request: Join) -> Room:
        try:
            room = self._hall.rooms.obtain(request.room)
        except BadRoom as bad:
            more = {"suggestion": bad.suggestion} if bad.suggestion else {}
            raise refusal(request, "bad_room", str(bad), **more) from None
        except TooManyRooms as many:
            raise refusal(request, "too_many_rooms", str(many)) from None
        if room is None:
            raise refusal(request, "no_such_room", "There is no such room; welcome lists the rooms.")
        return room

    def _query(self, request: Join) -> Query:
        if request.since is None:
            return Query(request.room, 0, self._hall.settings.history)
        return Query(request.room, request.since, CATCH_UP, seen=request.since)

    def _joined(self, page: ChatPage, guest: Guest, request: Join) -> None:
        leave_place(guest)
        if guest.joining.get(request.room) is not request or guest.person is None:
            self._release(request.room)
            return
        del guest.joining[request.room]
        try:
            # It may have made place for others meanwhile.
            room = self._obtain(request)
        except WireError as refused:
            self._hall.refuse(guest, refused)
            return
        room.last, room.topic = page.last, page.topic
        room.is_kept = room.is_kept or bool(page.messages)
        self._let_in(guest, room, page)

    def _let_in(self, guest: Guest, room: Room, page: ChatPage) -> None:
        assert guest.person is not None
        others = room.audience()
        guest.inside.add(room.name)
        is_new = room.enter(guest.transport, guest.person)
        self._log.info("chat: {name!r} joined {room!r}, {size} inside", name=guest.name, room=room.name, size=room.size)
        came = events.came(room.name, guest.name)
        members = room.names_after(None, self._hall.settings.large_room)
        guest.send(events.joined(room.name, members, room.size, page.topic, page))
        # What was just sent may have been too much for the connection.
        if is_new and room.name in guest.inside:
            self._tell(room, came, others)

    def _not_joined(self, failure: Failure, guest: Guest, request: Join) -> None:
        leave_place(guest)
        if guest.joining.get(request.room) is request:
            del guest.joining[request.room]
            refused = refusal(request, "busy", "The history cannot be read now; join again a little later.")
            self._hall.refuse(guest, refused)
        self._release(request.room)

    def _release(self, name: str) -> None:
        room = self._hall.rooms.find(name)
        if room is not None:
            self._hall.rooms.release(room)

    def _take_out(self, guest: Guest, name_of_room: str) -> None:
        room = self._hall.rooms.find(name_of_room)
        assert room is not None
        guest.inside.remove(room.name)
        name = guest.name
        was_last = room.leave(guest.transport)
        self._log.info("chat: {name!r} left {room!r}, {size} inside", name=name, room=room.name, size=room.size)
        if was_last and not self._closing:
            self._tell(room, events.went(room.name, name), room.audience())

    def _tell(self, room: Room, text: str, audience: Sequence[Transport]) -> None:
        """Tell a small room who came or went, and a large one how many are there."""
        if room.is_summarised:
            return
        if room.size <= self._hall.settings.large_room:
            self._hall.announce(text, audience)
        else:
            # Not at once: one that is large and small by turns would be told more than once a second.
            room.is_summarised = True
            self._hall.clock.callLater(SUMMARY_SECONDS, self._summarise, room)

    def _summarise(self, room: Room, told: int | None = None) -> None:
        """Tell how many are inside, again and again; a room that is small again is told who they are."""
        if self._closing:
            return
        is_large = room.size > self._hall.settings.large_room
        room.is_summarised = is_large
        if room.size != told:
            members = None if is_large else room.names()
            self._hall.announce(events.presence(room.name, room.size, members), room.audience())
        if is_large:
            self._hall.clock.callLater(SUMMARY_SECONDS, self._summarise, room, room.size)
