"""What moderators do: stored with its audit entry first, then seen by everyone."""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, TypeAlias, TypeVar

from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.membership import Membership
from mixsvc.chat.handlers.state import Hall, leave_place, take_place
from mixsvc.chat.model import ban_addresses
from mixsvc.chat.model.people import Guest, Person, Transport
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import WireError, refusal
from mixsvc.chat.protocol.requests import Audit, Ban, Delete, Kick, ListSanctions, Mute, Request, Unban, Unmute
from mixsvc.chat.storage import messages, sanctions
from mixsvc.chat.storage.sanctions import Entry
from mixsvc.common import names
from mixsvc.common.times import utc_seconds

__all__ = ["BANNED", "Moderation", "banned_until"]

T = TypeVar("T")

Target: TypeAlias = tuple[str, str]

# The close code of a connection that is sent away.
BANNED: Final = 4003


class Moderation:
    """Answers what only moderators may ask; whoever calls has checked that. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, hall: Hall, membership: Membership, immune: Collection[str]) -> None:
        """immune: the keys of the moderators' names."""
        self._hall = hall
        self._membership = membership
        self._immune = frozenset(immune)

    def delete(self, guest: Guest, request: Delete) -> None:
        """Take a message's text away for good. Raises WireError."""
        by, entry = guest.name, self._entry(guest, request, request.room, str(request.number), "")

        def delete(cursor: sqlite3.Cursor) -> tuple[bool, str]:
            found = sanctions.delete_message(cursor, request.room, request.number, by, entry)
            return found, messages.topic(cursor, request.room)

        def deleted(result: tuple[bool, str]) -> None:
            found, topic = result
            if not found:
                raise refusal(request, "no_such_message", f"There is no message {request.number} in {request.room}.")
            room = self._hall.rooms.find(request.room)
            if room is not None:
                room.topic = topic
                self._hall.announce(events.deleted(room.name, request.number, by, topic), room.audience())

        self._store(guest, request, delete, deleted)

    def kick(self, guest: Guest, request: Kick) -> None:
        """Put a person out of a room. Raises WireError."""
        room = self._hall.room(request, request.room)
        person = self._target(request, request.name)
        if person is None or all(room.name not in each.inside for each in person.guests):
            raise refusal(request, "no_such_person", f"Nobody named {request.name} is in {room.name}.")
        by, name, entry = guest.name, person.name, self._entry(guest, request, room.name, person.name, request.reason)

        def kicked(_: object) -> None:
            self._membership.put_out(person, room.name, events.kicked(room.name, name, by, request.reason))

        self._store(guest, request, lambda cursor: sanctions.record(cursor, entry), kicked)

    def mute(self, guest: Guest, request: Mute) -> None:
        """Take a person's voice. Raises WireError."""
        self._target(request, request.name)
        sanction = self._sanction(guest, request, MUTE, self._spelled(request, request.name))
        self._impose(guest, request, sanction, lambda imposed: self._tell_sanctioned("muted", imposed))

    def ban(self, guest: Guest, request: Ban) -> None:
        """Send a person or an address away. Raises WireError."""
        if request.name:
            self._target(request, request.name)
            target = (self._spelled(request, request.name), "")
        else:
            target = ("", _address(request, request.address))
        sanction = self._sanction(guest, request, BAN, *target)

        def banned(imposed: Sanction) -> None:
            self._tell_sanctioned("banned", imposed)
            self._send_away(imposed)

        self._impose(guest, request, sanction, banned)

    def unmute(self, guest: Guest, request: Unmute) -> None:
        """Give a voice back. Raises WireError."""
        by, name = guest.name, self._spelled(request, request.name)
        told = events.unmuted(name, by)
        self._lift(guest, request, MUTE, (name, ""), lambda: self._tell_about(name, told))

    def unban(self, guest: Guest, request: Unban) -> None:
        """Let a person or an address come back. Raises WireError."""
        if request.name:
            target = (self._spelled(request, request.name), "")
        else:
            target = ("", _address(request, request.address))
        self._lift(guest, request, BAN, target, lambda: None)

    def list_sanctions(self, guest: Guest, request: ListSanctions) -> None:
        """The mutes and bans in force."""
        found = self._hall.sanctions.all(self._hall.clock.seconds())
        items = [{**_seen(each), "kind": each.kind, "name": each.name, "address": each.address} for each in found]
        guest.send(events.entries("sanctions", "sanctions", items))

    def audit(self, guest: Guest, request: Audit) -> None:
        """What moderators did. Raises WireError."""
        take_place(guest, request, "busy")
        read = self._hall.history.change(lambda cursor: sanctions.read_audit(cursor, request.before, request.limit))

        def told(entries: Iterable[Entry]) -> None:
            leave_place(guest)
            guest.send(events.entries("audit", "entries", [each.as_json() for each in entries]))

        def failed(failure: Failure) -> None:
            leave_place(guest)
            text = "The audit log cannot be read now; ask again a little later."
            self._hall.refuse(guest, refusal(request, "busy", text))

        read.addCallbacks(told, failed)

    def _store(
        self, guest: Guest, request: Request, change: Callable[[sqlite3.Cursor], T], then: Callable[[T], object]
    ) -> None:
        """Change the database, then do what everybody sees, then answer. Raises WireError."""
        take_place(guest, request, "not_saved")
        by = guest.name

        def changed(result: T) -> None:
            leave_place(guest)
            self._log.info("chat: {by!r} did {action}", by=by, action=request.type)
            try:
                then(result)
            except WireError as refused:
                self._hall.refuse(guest, refused)
            else:
                guest.send(events.done(request.type))

        self._hall.history.change(change).addCallbacks(changed, self._not_stored, errbackArgs=(guest, request))

    def _not_stored(self, failure: Failure, guest: Guest, request: Request) -> None:
        leave_place(guest)
        self._hall.refuse(guest, refusal(request, "not_saved", "It could not be stored; try again a little later."))

    def _impose(
        self, guest: Guest, request: Mute | Ban, sanction: Sanction, then: Callable[[Sanction], object]
    ) -> None:
        now = self._hall.clock.seconds()
        try:
            self._hall.sanctions.check(sanction, now)
        except ValueError as many:
            raise refusal(request, "not_saved", str(many)) from None
        entry = self._entry(guest, request, "", sanction.name or sanction.address, request.reason)

        def imposed(stored: Sanction) -> None:
            self._hall.sanctions.add(stored, now)
            then(stored)

        self._store(guest, request, lambda cursor: sanctions.impose(cursor, sanction, entry), imposed)

    def _lift(
        self, guest: Guest, request: Unmute | Unban, kind: str, target: Target, then: Callable[[], object]
    ) -> None:
        name, address = target
        key, now = names.key(name), self._hall.clock.seconds()
        ids = [each.id for each in self._hall.sanctions.find(kind, key, address, now)]
        if not ids:
            raise refusal(request, "no_such_person", f"There is no {kind} of {name or address}.")
        entry = self._entry(guest, request, "", name or address, "")

        def lifted(_: object) -> None:
            self._hall.sanctions.lift(kind, key, address, now)
            then()

        self._store(guest, request, lambda cursor: sanctions.lift(cursor, kind, ids, entry), lifted)

    def _target(self, request: Mute | Ban | Kick, name: str) -> Person | None:
        """The person of this name, if one is here. Raises WireError for a moderator."""
        person = self._hall.people.find(name)
        is_immune = names.key(self._spelled(request, name)) in self._immune
        if is_immune or (person is not None and any(each.is_moderator for each in person.guests)):
            raise refusal(request, "not_allowed", "Moderators cannot be muted, kicked or banned.")
        return person

    def _spelled(self, request: Request, name: str) -> str:
        person = self._hall.people.find(name)
        try:
            return person.name if person is not None else names.normalise(name)
        except names.BadName as bad:
            raise refusal(request, "no_such_person", str(bad)) from None

    def _sanction(self, guest: Guest, request: Mute | Ban, kind: str, name: str, address: str = "") -> Sanction:
        person = self._hall.people.find_lately(name) if name else None
        if person is not None and kind == BAN:
            address = ban_addresses.held(person, self._hall.people.everyone())
        return Sanction(
            id=0,
            kind=kind,
            name=name,
            name_key=names.key(name),
            person=person.id if person is not None else "",
            address=address,
            by=guest.name,
            reason=request.reason,
            until=self._hall.clock.seconds() + request.seconds,
        )

    def _entry(self, guest: Guest, request: Request, room: str, target: str, reason: str) -> Entry:
        return Entry(0, self._hall.clock.seconds(), guest.name, request.type, room, target, reason)

    def _tell_sanctioned(self, type: str, sanction: Sanction) -> None:
        seen = _seen(sanction)
        if sanction.name:
            self._tell_about(sanction.name, events.sanctioned(type, sanction.name, **seen))

    def _tell_about(self, name: str, text: str) -> None:
        """Tell a person, and all who are in a room with them."""
        person = self._hall.people.find(name)
        if person is None:
            return
        audience: dict[Transport, None] = {each.transport: None for each in person.guests}
        for room in {room for each in person.guests for room in each.inside}:
            found = self._hall.rooms.find(room)
            audience.update(dict.fromkeys(found.audience() if found is not None else ()))
        self._hall.announce(text, tuple(audience))

    def _send_away(self, sanction: Sanction) -> None:
        now = self._hall.clock.seconds()
        for person in self._hall.people.everyone():
            for guest in tuple(person.guests):
                if _is_meant(person, guest, sanction) and not guest.is_moderator and sanction.until > now:
                    guest.transport.close(BANNED, banned_until(sanction))


def _is_meant(person: Person, guest: Guest, sanction: Sanction) -> bool:
    """Whether a ban ends this connection. Others at a person's address stay, but cannot come again."""
    if not sanction.name:
        return guest.address == sanction.address
    return person.key == sanction.name_key or person.id == sanction.person


def banned_until(sanction: Sanction) -> str:
    """The reason in the close frame."""
    return f"Banned until {utc_seconds(sanction.until)}"


def _seen(sanction: Sanction) -> dict[str, Any]:
    return {"by": sanction.by, "until": utc_seconds(sanction.until), "reason": sanction.reason}


def _address(request: Request, text: str) -> str:
    try:
        return ban_addresses.parse(text)
    except ValueError as bad:
        raise refusal(request, "no_such_person", str(bad)) from None
