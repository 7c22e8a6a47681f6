"""Answers join, leave, rooms and who, and tells members who comes and goes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.pages import CATCH_UP, PageReader
from mixsvc.chat.handlers.state import PUBLISHER, ChatState, begin_waiting, end_waiting
from mixsvc.chat.handlers.telling import Joiner, MessageTeller
from mixsvc.chat.model.acts import Removal
from mixsvc.chat.model.epochs import Known
from mixsvc.chat.model.people import Client, Transport
from mixsvc.chat.model.rooms import BadRoom, Room, TooManyRooms
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Join, Leave, ListRooms, Who
from mixsvc.chat.storage.records import PageQuery
from mixsvc.common import names
from mixsvc.interfaces import ChatPage

__all__ = ["MembershipHandler"]

# How often the members of a large room are told how many they are, in seconds.
SUMMARY_SECONDS: Final = 1.0


class MembershipHandler:
    """Answers join, leave, rooms and who. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState, teller: MessageTeller, pages: PageReader) -> None:
        self._state = state
        self._teller = teller
        self._pages = pages
        state.nodes.roster.listen(self)
        self._closing = False
        # What becomes of a client whose connection is lost.
        self._take_from_room = self._remove_client

    def send_on(self) -> None:
        """From now on clients are sent to other nodes: nobody is told that they leave, before they had time to come."""
        self._take_from_room = self._send_client_on

    def close(self) -> None:
        """All connections are about to end: do not tell the members who leaves, which would take n * n messages."""
        self.send_on()
        self._closing = True

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Whoever leaves meanwhile: nobody of this node is told."""
        self._closing, was_closing = True, self._closing
        try:
            yield
        finally:
            self._closing = was_closing

    def join(self, client: Client, request: Join) -> None:
        """Put a client into a room as soon as the room's page is read. Raises RequestRefused."""
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
        self._teller.expect(name)
        page = self._pages.catch_up(self._query(request))
        page.addCallbacks(self._joined, self._not_joined, (client, request), errbackArgs=(client, request))

    def leave(self, client: Client, request: Leave) -> None:
        """Take a client out of a room. Raises RequestRefused."""
        # A room that is being joined may have been evicted for another one.
        if client.joining.pop(request.room, None) is None:
            self._state.room(request, request.room)
        client.send(events.left(request.room))
        if request.room in client.inside:
            self._remove_client(client, request.room)
        self._release(request.room)

    def depart(self, client: Client) -> None:
        """Take a client whose connection is lost out of all rooms."""
        client.joining.clear()
        for name in sorted(client.inside):
            self._take_from_room(client, name)
            self._release(name)

    def remove(self, kick: Removal, text: str) -> None:
        """Take all clients of a person out of a room, also those about to join; send text to them and the members."""
        room, person = self._state.rooms.find(kick.room), self._state.people.find(kick.name)
        # Another person may have the name by now.
        if room is None or (person is not None and kick.person not in ("", person.id)):
            return
        clients = tuple(person.clients) if person is not None else ()
        audience = room.audience()
        inside = [client for client in clients if room.name in client.inside]
        joining = [client for client in clients if client.joining.pop(room.name, None) is not None]
        for client in inside:
            client.inside.remove(room.name)
        # If the person left meanwhile, the members know it already.
        was_inside = room.expel(names.key(kick.name), [client.transport for client in inside])
        self._teller.left(room.name)
        members = audience if was_inside else ()
        self._state.broadcast(text, (*members, *(client.transport for client in joining)))
        self._state.rooms.release(room)

    def came(self, room: str, name: str) -> None:
        """See PresenceListener."""
        self._tell_presence(room, events.came(room, name))

    def went(self, room: str, name: str) -> None:
        """See PresenceListener."""
        self._tell_presence(room, events.went(room, name))

    def take_out(self, client: Client, name: str, reason: str) -> None:
        """Take a client out of a room that it is in but may not be in any more; tell it, and the members."""
        self._remove_client(client, name)
        client.send(events.kicked(name, client.name, PUBLISHER, reason))
        self._release(name)

    def list_rooms(self, client: Client, request: ListRooms) -> None:
        """Answer with the rooms after a name."""
        found = [each for each in self._state.access.seen(client.identified) if client.may_enter(each.room)]
        listed = [each.room for each in found]
        start = listed.index(request.after) + 1 if request.after in listed else 0
        end = start + events.ROOMS_AT_ONCE
        client.send(events.rooms(found[start:end], len(found) > end))

    def who(self, client: Client, request: Who) -> None:
        """Answer with the members of a room after a name. Raises RequestRefused."""
        room = self._state.room(request, request.room)
        members = room.members
        found = members.names_after(request.after, events.NAMES_AT_ONCE + 1)
        shown, more = found[: events.NAMES_AT_ONCE], len(found) > events.NAMES_AT_ONCE
        client.send(events.who(room.name, shown, members.size, more))

    def _obtain(self, request: Join) -> Room:
        try:
            room = self._state.rooms.obtain(request.room)
        except BadRoom as bad:
            more = {"suggestion": bad.suggestion} if bad.suggestion else {}
            raise refusal(request, "bad_room", str(bad), **more) from None
        except TooManyRooms as many:
            raise refusal(request, "too_many_rooms", str(many)) from None
        if room is None:
            raise refusal(request, "no_such_room", "There is no room of this name; ask for the list of rooms.")
        return room

    def _query(self, request: Join) -> PageQuery:
        newest = self._state.settings.history
        if request.since is None:
            return PageQuery(request.room, 0, newest)
        known = Known(request.epoch, request.token, newest)
        return PageQuery(request.room, request.since, CATCH_UP, seen=request.since, known=known)

    def _joined(self, page: ChatPage, client: Client, request: Join) -> None:
        joiner = Joiner(page.last, lambda: self._admit(page, client, request), lambda: self._not_told(client, request))
        self._teller.enter_when_told(request.room, joiner)

    def _admit(self, page: ChatPage, client: Client, request: Join) -> None:
        """Let a client in whose page is read."""
        end_waiting(client)
        if client.joining.get(request.room) is not request or client.person is None:
            self._teller.unexpect(request.room)
            self._release(request.room)
            return
        del client.joining[request.room]
        try:
            # The room may have been evicted meanwhile.
            room = self._obtain(request)
        except RequestRefused as refused:
            self._teller.unexpect(request.room)
            self._state.refuse(client, refused)
            return
        room.last, room.topic = page.last, page.topic
        room.is_kept = room.is_kept or bool(page.messages)
        self._enter(client, room, page)
        self._teller.unexpect(room.name)

    def _enter(self, client: Client, room: Room, page: ChatPage) -> None:
        assert client.person is not None
        others = room.audience()
        client.inside.add(room.name)
        is_new = room.enter(client.transport, client.person)
        self._log.info(
            "chat: {name!r} joined {room!r}, {size} inside", name=client.name, room=room.name, size=room.size
        )
        came = events.came(room.name, client.name)
        members = room.members.names_after(None, self._state.settings.large_room)
        client.send(events.joined(room.name, members, room.size, page.topic, page))
        # The event may have been too much for the outbox, and the connection lost.
        if is_new and room.name in client.inside:
            self._announce(room, came, others)

    def _not_told(self, client: Client, request: Join) -> None:
        """The members cannot be told what the page has; what they were told, the client may get as well."""
        page = self._pages.recalled(self._query(request))
        if page is not None:
            self._admit(page, client, request)
        else:
            self._not_joined(None, client, request)

    def _not_joined(self, failure: Failure | None, client: Client, request: Join) -> None:
        end_waiting(client)
        self._teller.unexpect(request.room)
        if client.joining.get(request.room) is request:
            del client.joining[request.room]
            refused = refusal(request, "busy", "The history cannot be read now; join again a little later.")
            self._state.refuse(client, refused)
        self._release(request.room)

    def _release(self, name: str) -> None:
        self._teller.left(name)
        room = self._state.rooms.find(name)
        if room is not None:
            self._state.rooms.release(room)

    def _remove_client(self, client: Client, name_of_room: str) -> None:
        room = self._state.rooms.find(name_of_room)
        assert room is not None
        client.inside.remove(room.name)
        name = client.name
        was_last = room.leave(client.transport)
        self._log.info("chat: {name!r} left {room!r}, {size} inside", name=name, room=room.name, size=room.size)
        if was_last and not self._closing:
            self._announce(room, events.went(room.name, name), room.audience())

    def _send_client_on(self, client: Client, name_of_room: str) -> None:
        room = self._state.rooms.find(name_of_room)
        assert room is not None
        client.inside.remove(room.name)
        room.send_on(client.transport)

    def _tell_presence(self, name: str, text: str) -> None:
        # A room that another node has made is in the lists here as well.
        with suppress(BadRoom, TooManyRooms):
            room = self._state.rooms.accept(name)
            if room is not None and room.audience() and not self._closing:
                self._announce(room, text, room.audience())
            if room is not None:
                self._state.rooms.release(room)

    def _announce(self, room: Room, text: str, audience: Sequence[Transport]) -> None:
        """Tell a small room who came or went, and a large one within a second how many members it has."""
        if room.is_summarised:
            return
        if room.size <= self._state.settings.large_room:
            self._state.broadcast(text, audience)
        else:
            # Not at once: a room that is large and small in turns would get more than one `presence` a second.
            room.is_summarised = True
            self._state.clock.callLater(SUMMARY_SECONDS, self._summarise, room)

    def _summarise(self, room: Room, last_size: int | None = None) -> None:
        """Send `presence` once a second while the number changes; a room that is small again gets the names."""
        if self._closing:
            return
        is_large = room.size > self._state.settings.large_room
        # It ends where nobody is left to be told.
        room.is_summarised = is_large and bool(room.audience())
        if room.size != last_size:
            members = None if is_large else room.members.names()
            self._state.broadcast(events.presence(room.name, room.size, members), room.audience())
        if room.is_summarised:
            self._state.clock.callLater(SUMMARY_SECONDS, self._summarise, room, room.size)
