"""Answers the requests of moderators: each is stored with its audit entry first, then takes effect."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum, auto
from typing import Any, Final, TypeAlias, TypeVar

from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.membership import MembershipHandler
from mixsvc.chat.handlers.state import ChatState, begin_waiting, end_waiting
from mixsvc.chat.model import ban_addresses
from mixsvc.chat.model.people import Client, Person, Transport
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Audit, Ban, Delete, Kick, ListSanctions, Mute, Request, Unban, Unmute
from mixsvc.chat.storage import messages, sanctions
from mixsvc.chat.storage.sanctions import AuditEntry
from mixsvc.common import names
from mixsvc.common.times import utc_seconds

__all__ = ["ModerationHandler"]

T = TypeVar("T")

Target: TypeAlias = tuple[str, str]

# The refusals if the database fails, for what is to be stored and for what is to be read.
NOT_SAVED: Final = ("not_saved", "It could not be stored; try again a little later.")
BUSY: Final = ("busy", "It cannot be read now; ask again a little later.")


class NotDone(Enum):
    """The result of work that was not done: the client had logged out, or that could not be found out."""

    LOGGED_OUT = auto()
    UNKNOWN = auto()


class ModerationHandler:
    """Answers the requests of moderators; the caller has checked the client. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState, membership: MembershipHandler, immune: Collection[str]) -> None:
        """immune: the keys of the moderators' names."""
        self._state = state
        self._membership = membership
        self._immune = frozenset(immune)

    def delete(self, client: Client, request: Delete) -> None:
        """Delete a message's text for good. Raises RequestRefused."""
        by, entry = client.name, self._entry(client, request, request.room, str(request.number), "")

        def delete(cursor: sqlite3.Cursor) -> tuple[bool, str]:
            found = sanctions.delete_message(cursor, request.room, request.number, by, entry)
            return found, messages.topic(cursor, request.room)

        def deleted(result: tuple[bool, str]) -> None:
            found, topic = result
            if not found:
                raise refusal(request, "no_such_message", f"There is no message {request.number} in {request.room}.")
            room = self._state.rooms.find(request.room)
            if room is not None:
                room.topic = topic
                self._state.broadcast(events.deleted(room.name, request.number, by, topic), room.audience())

        self._store(client, request, delete, deleted)

    def kick(self, client: Client, request: Kick) -> None:
        """Remove a person from a room. Raises RequestRefused."""
        room = self._state.room(request, request.room)
        person = self._target(request, request.name)
        if person is None or all(room.name not in each.inside for each in person.clients):
            raise refusal(request, "no_such_person", f"Nobody named {request.name} is in {room.name}.")
        by, name, entry = client.name, person.name, self._entry(client, request, room.name, person.name, request.reason)

        def kicked(_: object) -> None:
            self._membership.remove(person, room.name, events.kicked(room.name, name, by, request.reason))

        self._store(client, request, lambda cursor: sanctions.record(cursor, entry), kicked)

    def mute(self, client: Client, request: Mute) -> None:
        """Mute a person. Raises RequestRefused."""
        self._target(request, request.name)
        sanction = self._sanction(client, request, MUTE, self._spelled(request, request.name))
        self._impose(client, request, sanction, lambda imposed: self._announce_sanction(events.muted, imposed))

    def ban(self, client: Client, request: Ban) -> None:
        """Ban a person or an address. Raises RequestRefused."""
        if request.name:
            self._target(request, request.name)
            target = (self._spelled(request, request.name), "")
        else:
            target = ("", _address(request, request.address))
        sanction = self._sanction(client, request, BAN, *target)

        def banned(imposed: Sanction) -> None:
            self._announce_sanction(events.banned, imposed)
            self._close_banned(imposed)

        self._impose(client, request, sanction, banned)

    def unmute(self, client: Client, request: Unmute) -> None:
        """End a person's mute. Raises RequestRefused."""
        by, name = client.name, self._spelled(request, request.name)
        unmuted = events.unmuted(name, by)
        self._lift(client, request, MUTE, (name, ""), lambda: self._announce_about(name, unmuted))

    def unban(self, client: Client, request: Unban) -> None:
        """End a ban of a person or of an address. Raises RequestRefused."""
        if request.name:
            target = (self._spelled(request, request.name), "")
        else:
            target = ("", _address(request, request.address))
        self._lift(client, request, BAN, target, lambda: None)

    def list_sanctions(self, client: Client, request: ListSanctions) -> None:
        """Answer with the mutes and bans in force."""

        def answer(_: object) -> None:
            found = self._state.sanctions.all(self._state.sanction_clock.now())
            client.send(events.sanctions([_listed(each) for each in found]))

        self._run(client, request, lambda cursor: None, answer, BUSY)

    def audit(self, client: Client, request: Audit) -> None:
        """Answer with entries of the audit log. Raises RequestRefused."""

        def read(cursor: sqlite3.Cursor) -> Sequence[AuditEntry]:
            return sanctions.read_audit(cursor, request.before, request.limit)

        def answer(entries: Iterable[AuditEntry]) -> None:
            client.send(events.audit([each.as_json() for each in entries]))

        self._run(client, request, read, answer, BUSY)

    def _store(
        self, client: Client, request: Request, change: Callable[[sqlite3.Cursor], T], then: Callable[[T], object]
    ) -> None:
        """Change the database, then call `then` with the result, then answer. Raises RequestRefused."""
        by = client.name

        def changed(result: T) -> None:
            self._log.info("chat: {by!r} did {action}", by=by, action=request.type)
            then(result)
            client.send(events.done(request.type))

        self._run(client, request, change, changed, NOT_SAVED)

    def _run(
        self,
        client: Client,
        request: Request,
        work: Callable[[sqlite3.Cursor], T],
        then: Callable[[T], object],
        trouble: tuple[str, str],
    ) -> None:
        """Do work in the database, unless the client has logged out, then call `then` with the result.

        trouble: the code and the text of the refusal if the database fails. Raises RequestRefused.
        """
        code, text = trouble
        begin_waiting(client, request, code)

        def checked(cursor: sqlite3.Cursor) -> T | NotDone:
            # In the database's thread, as it may block, and at the last moment: after a log-out nothing is done.
            not_done = self._login_of(client)
            return work(cursor) if not_done is None else not_done

        def ended(result: T | NotDone) -> None:
            end_waiting(client)
            try:
                if result is NotDone.LOGGED_OUT:
                    raise refusal(request, "not_allowed", "You have logged out.")
                if isinstance(result, NotDone):
                    raise refusal(request, code, text)
                then(result)
            except RequestRefused as refused:
                self._state.refuse(client, refused)
            if result is NotDone.LOGGED_OUT:
                self._state.end_login(client)

        def failed(failure: Failure) -> None:
            end_waiting(client)
            self._state.refuse(client, refusal(request, code, text))

        self._state.storage.change(checked).addCallbacks(ended, failed)

    def _login_of(self, client: Client) -> NotDone | None:
        """Why a client may not moderate any more, None if it may; called in the database's thread."""
        try:
            return NotDone.LOGGED_OUT if client.has_logged_out() else None
        except Exception:
            self._log.failure("chat: it could not be found out whether {name!r} has logged out", name=client.name)
            return NotDone.UNKNOWN

    def _impose(
        self, client: Client, request: Mute | Ban, sanction: Sanction, then: Callable[[Sanction], object]
    ) -> None:
        now, trusted = self._state.sanction_clock.now(), self._state.sanction_clock.trusted_now()
        if trusted is not None:
            self._state.sanctions.forget_ended(trusted)
        try:
            self._state.sanctions.check(sanction, now)
        except ValueError as many:
            raise refusal(request, "not_saved", str(many)) from None
        entry = self._entry(client, request, "", sanction.name or sanction.address, request.reason)

        def imposed(stored: Sanction) -> None:
            self._state.sanctions.add(stored, now)
            self._state.sanction_clock.imposed(stored)
            then(stored)

        self._store(client, request, lambda cursor: sanctions.impose(cursor, sanction, entry, trusted), imposed)

    def _lift(
        self, client: Client, request: Unmute | Unban, kind: str, target: Target, then: Callable[[], object]
    ) -> None:
        name, address = target
        key, now = names.key(name), self._state.sanction_clock.now()
        ids = [each.id for each in self._state.sanctions.find(kind, key, address, now)]
        if not ids:
            raise refusal(request, "no_such_person", f"There is no {kind} of {name or address}.")
        entry = self._entry(client, request, "", name or address, "")

        def lifted(_: object) -> None:
            self._state.sanctions.lift(kind, key, address, now)
            then()

        self._store(client, request, lambda cursor: sanctions.lift(cursor, kind, ids, entry), lifted)

    def _target(self, request: Mute | Ban | Kick, name: str) -> Person | None:
        """Returns the person of this name, if connected. Raises RequestRefused for a moderator."""
        person = self._state.people.find(name)
        is_immune = names.key(self._spelled(request, name)) in self._immune
        if is_immune or (person is not None and any(each.is_moderator for each in person.clients)):
            raise refusal(request, "not_allowed", "Moderators cannot be muted, kicked or banned.")
        return person

    def _spelled(self, request: Request, name: str) -> str:
        person = self._state.people.find(name)
        try:
            return person.name if person is not None else names.normalise(name)
        except names.BadName as bad:
            raise refusal(request, "no_such_person", str(bad)) from None

    def _sanction(self, client: Client, request: Mute | Ban, kind: str, name: str, address: str = "") -> Sanction:
        person = self._state.people.find_lately(name) if name else None
        if person is not None and kind == BAN:
            address = ban_addresses.address_to_ban(person, self._state.people.everyone())
        return Sanction(
            id=0,
            kind=kind,
            name=name,
            name_key=names.key(name),
            person=person.id if person is not None else "",
            address=address,
            by=client.name,
            reason=request.reason,
            until=self._state.sanction_clock.now() + request.seconds,
        )

    def _entry(self, client: Client, request: Request, room: str, target: str, reason: str) -> AuditEntry:
        return AuditEntry(0, self._state.wall.seconds(), client.name, request.type, room, target, reason)

    def _announce_sanction(self, event: Callable[..., str], sanction: Sanction) -> None:
        if sanction.name:
            self._announce_about(sanction.name, event(sanction.name, **_public_fields(sanction)))

    def _announce_about(self, name: str, text: str) -> None:
        """Send a text to a person and to everybody who is in a room with this person."""
        person = self._state.people.find(name)
        if person is None:
            return
        audience: dict[Transport, None] = {each.transport: None for each in person.clients}
        for room in {room for each in person.clients for room in each.inside}:
            found = self._state.rooms.find(room)
            audience.update(dict.fromkeys(found.audience() if found is not None else ()))
        self._state.broadcast(text, tuple(audience))

    def _close_banned(self, sanction: Sanction) -> None:
        now = self._state.sanction_clock.now()
        for person in self._state.people.everyone():
            for client in tuple(person.clients):
                if _is_banned(person, client, sanction) and not client.is_moderator and sanction.until > now:
                    client.close(events.BANNED, events.banned_reason(sanction.until))


def _is_banned(person: Person, client: Client, sanction: Sanction) -> bool:
    """Whether a ban closes this client. Other persons at the banned person's address stay, but may not come back."""
    if not sanction.name:
        return client.address == sanction.address
    return person.key == sanction.name_key or person.id == sanction.person


def _listed(sanction: Sanction) -> dict[str, Any]:
    about = {"kind": sanction.kind, "name": sanction.name, "address": sanction.address}
    return {**_public_fields(sanction), **about}


def _public_fields(sanction: Sanction) -> dict[str, Any]:
    return {"by": sanction.by, "until": utc_seconds(sanction.until), "reason": sanction.reason}


def _address(request: Request, text: str) -> str:
    try:
        return ban_addresses.parse_address(text)
    except ValueError as bad:
        raise refusal(request, "no_such_person", str(bad)) from None
