"""Who is in which room, and what the others are told of it."""

from collections.abc import Sequence
from typing import Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import ChatState, begin_waiting, end_waiting
from mixsvc.chat.model.people import Client, Person, Transport
from mixsvc.chat.model.rooms import BadRoom, Room, TooManyRooms
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Join, Leave, ListRooms, Who
from mixsvc.chat.storage.messages import PageQuery
from mixsvc.interfaces import ChatPage

__all__ = ["CATCH_UP", "ROOMS_AT_ONCE", "MembershipHandler"]

# Messages that whoever comes back gets at most.
CATCH_UP: Final = 1000

# Names in one answer to `who`.
NAMES_AT_ONCE: Final = 500

# Rooms in `welcome`, and in one answer to `rooms`.
ROOMS_AT_ONCE: Final = 100

# How often a large room is told how many are inside, in seconds.
SUMMARY_SECONDS: Final = 1.0


class MembershipHandler:
    """Answers join, leave, rooms and who. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._closing = False

    def close(self) -> None:
        """All connections are about to end: nobody is told any more who leaves, which would take n * n messages."""
        self._closing = True

    def join(self, client: Client, request: Join) -> None:
        """Let a client in as soon as the room's page is read. Raises RequestRefused."""
        name = request.room
        if name in client.inside or name in client.joining:
            raise refusal(request, "already_inside", f"You are in {name} already.")
        if len(client.inside) + len(client.joining) >= self._state.settings.max_joined:
            raise refusal(request, "too_many_rooms", f"You are in {self._state.settings.max_joined} rooms already.")
        begin_waiting(client, request, "busy")
        try:
            self._obtain(request)
        except RequestRefused:
            end_waiting(client)
            raise
        client.joining[name] = request
        page = self._state.storage.catch_up(self._query(request))
        page.addCallbacks(self._joined, self._not_joined, (client, request), errbackArgs=(client, request))

    def leave(self, client: Client, request: Leave) -> None:
        """Let a client out. Raises RequestRefused."""
        # A room that is being joined may have made place for another one.
        if client.joining.pop(request.room, None) is None:
            self._state.room(request, request.room)
        client.send(events.left(request.room))
        if request.room in client.inside:
            self._take_out(client, request.room)
        self._release(request.room)

    def depart(self, client: Client) -> None:
        """The connection is lost: it is in no room any more."""
        client.joining.clear()
        for name in sorted(client.inside):
            self._take_out(client, name)
            self._release(name)

    def put_out(self, person: Person, name: str, told: str) -> None:
        """Take every connection of a person out of a room, also those about to join, and tell all whom it concerns."""
        room = self._state.rooms.find(name)
        if room is None:
            return
        audience = room.audience()
        inside = [client for client in person.clients if name in client.inside]
        joining = [client for client in person.clients if client.joining.pop(name, None) is not None]
        for client in inside:
            client.inside.remove(name)
            room.leave(client.transport)
        # Who left meanwhile was told of already.
        told_too = audience if inside else ()
        self._state.broadcast(told, (*told_too, *(client.transport for client in joining)))
        self._state.rooms.release(room)

    def list_rooms(self, client: Client, request: ListRooms) -> None:
        """Which rooms there are."""
        found = self._state.rooms.overview()
        names = [each.room for each in found]
        start = names.index(request.after) + 1 if request.after in names else 0
        client.send(events.rooms(found[start : start + ROOMS_AT_ONCE], len(found) > start + ROOMS_AT_ONCE))

    def who(self, client: Client, request: Who) -> None:
        """Who is in a room. Raises RequestRefused."""
        room = self._state.room(request, request.room)
        found = room.names_after(request.after, NAMES_AT_ONCE + 1)
        client.send(events.who(room.name, found[:NAMES_AT_ONCE], room.size, len(found) > NAMES_AT_ONCE))

    def _obtain(self, request: Join) -> Room:
        try:
            room = self._state.rooms.obtain(request.room)
        except BadRoom as bad:
            more = {"suggestion": bad.suggestion} if bad.suggestion else {}
            raise refusal(request, "bad_room", str(bad), **more) from None
        except TooManyRooms as many:
            raise refusal(request, "too_many_rooms", str(many)) from None
        if room is None:
            raise refusal(request, "no_such_room", "There is no such room; welcome lists the rooms.")
        return room

    def _query(self, request: Join) -> PageQuery:
        if request.since is None:
            return PageQuery(request.room, 0, self._state.settings.history)
        return PageQuery(request.room, request.since, CATCH_UP, seen=request.since)

    def _joined(self, page: ChatPage, client: Client, request: Join) -> None:
        end_waiting(client)
        if client.joining.get(request.room) is not request or client.person is None:
            self._release(request.room)
            return
        del client.joining[request.room]
        try:
            # It may have made place for others meanwhile.
            room = self._obtain(request)
        except RequestRefused as refused:
            self._state.refuse(client, refused)
            return
        room.last, room.topic = page.last, page.topic
        room.is_kept = room.is_kept or bool(page.messages)
        self._let_in(client, room, page)

    def _let_in(self, client: Client, room: Room, page: ChatPage) -> None:
        assert client.person is not None
        others = room.audience()
        client.inside.add(room.name)
        is_new = room.enter(client.transport, client.person)
        self._log.info(
            "chat: {name!r} joined {room!r}, {size} inside", name=client.name, room=room.name, size=room.size
        )
        came = events.came(room.name, client.name)
        members = room.names_after(None, self._state.settings.large_room)
        client.send(events.joined(room.name, members, room.size, page.topic, page))
        # What was just sent may have been too much for the connection.
        if is_new and room.name in client.inside:
            self._tell(room, came, others)

    def _not_joined(self, failure: Failure, client: Client, request: Join) -> None:
        end_waiting(client)
        if client.joining.get(request.room) is request:
            del client.joining[request.room]
            refused = refusal(request, "busy", "The history cannot be read now; join again a little later.")
            self._state.refuse(client, refused)
        self._release(request.room)

    def _release(self, name: str) -> None:
        room = self._state.rooms.find(name)
        if room is not None:
            self._state.rooms.release(room)

    def _take_out(self, client: Client, name_of_room: str) -> None:
        room = self._state.rooms.find(name_of_room)
        assert room is not None
        client.inside.remove(room.name)
        name = client.name
        was_last = room.leave(client.transport)
        self._log.info("chat: {name!r} left {room!r}, {size} inside", name=name, room=room.name, size=room.size)
        if was_last and not self._closing:
            self._tell(room, events.went(room.name, name), room.audience())

    def _tell(self, room: Room, text: str, audience: Sequence[Transport]) -> None:
        """Tell a small room who came or went, and a large one how many are there."""
        if room.is_summarised:
            return
        if room.size <= self._state.settings.large_room:
            self._state.broadcast(text, audience)
        else:
            # Not at once: one that is large and small by turns would be told more than once a second.
            room.is_summarised = True
            self._state.clock.callLater(SUMMARY_SECONDS, self._summarise, room)

    def _summarise(self, room: Room, told: int | None = None) -> None:
        """Tell how many are inside, again and again; a room that is small again is told who they are."""
        if self._closing:
            return
        is_large = room.size > self._state.settings.large_room
        room.is_summarised = is_large
        if room.size != told:
            members = None if is_large else room.names()
            self._state.broadcast(events.presence(room.name, room.size, members), room.audience())
        if is_large:
            self._state.clock.callLater(SUMMARY_SECONDS, self._summarise, room, room.size)
