"""Answers the requests of moderators: each is stored with its audit entry first, then takes effect."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Any, Final, NoReturn, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.acts import public_fields
from mixsvc.chat.handlers.state import ChatState, begin_waiting, end_waiting
from mixsvc.chat.model import ban_addresses
from mixsvc.chat.model.acts import Act, Deletion, Lift, Removal, event_of
from mixsvc.chat.model.people import Client, Person
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Audit, Ban, Delete, Edits, Kick, ListSanctions, Mute, Request, Unban, Unmute
from mixsvc.chat.storage.records import AuditEntry, EarlierText, StoredAct
from mixsvc.common import names
from mixsvc.common.records import record
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import ServiceBusy
from mixsvc.nodes.interfaces import Holder
from mixsvc.storage.engine import Cursor

__all__ = ["ModerationHandler", "moderator_keys"]

T = TypeVar("T")
A = TypeVar("A", bound=Act)

# The refusals if the database fails, for what is to be stored and for what is to be read.
NOT_SAVED: Final = ("not_saved", "It could not be stored; try again a little later.")
BUSY: Final = ("busy", "It cannot be read now; ask again a little later.")

# What the log says of an act. target: a person, an address or a message's number.
DONE: Final = "chat: {by!r} did {action}: {target!r}"
DONE_IN_ROOM: Final = "chat: {by!r} did {action}: {target!r} in {room!r}"


def moderator_keys(settings: ChatSettings) -> Sequence[str]:
    """Returns the keys of the moderators' names."""
    return [names.key(names.normalise(each.name)) for each in settings.moderators]


class NotDone(Enum):
    """The result of work that was not done: the client had logged out, or that could not be found out."""

    LOGGED_OUT = auto()
    UNKNOWN = auto()


class ModerationHandler:
    """Answers the requests of moderators; the caller has checked the client. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState, immune: Collection[str]) -> None:
        """immune: the keys of the moderators' names."""
        self._state = state
        self._store = state.storage.store.sanctions
        self._immune = frozenset(immune)

    def reload(self, immune: Collection[str]) -> None:
        """Others are moderators now."""
        self._immune = frozenset(immune)

    def delete(self, client: Client, request: Delete) -> None:
        """Delete a message's text for good. Raises RequestRefused."""
        if not names.is_room_name(request.room):
            raise _missing(request)
        act = Deletion(request.room, request.number, client.name, "")
        entry = self._entry(client, request, request.room, str(request.number), "")

        def deleted(stored: StoredAct[Deletion] | None) -> StoredAct[Deletion]:
            if stored is None:
                raise _missing(request)
            return stored

        self._change(client, request, entry, lambda cursor: self._store.delete_message(cursor, act, entry), deleted)

    def kick(self, client: Client, request: Kick) -> "Deferred[None]":
        """Remove a person from a room; fires when that waits for the database. Raises RequestRefused, or fails so."""
        room = self._state.room(request, request.room)

        def kick(target: Target) -> None:
            if not room.members.has(names.key(target.name)):
                raise refusal(request, "no_such_person", f"Nobody named {request.name} is in {room.name}.")
            act = Removal(room.name, target.name, target.person, client.name, request.reason)
            entry = self._entry(client, request, room.name, target.name, request.reason)
            self._change(client, request, entry, lambda cursor: self._store.record(cursor, act, entry), _as_it_is)

        return self._find(request, request.name).addCallback(kick)

    def mute(self, client: Client, request: Mute) -> "Deferred[None]":
        """Mute a person; fires when that waits for the database. Raises RequestRefused, or fails so."""

        def mute(target: Target) -> None:
            self._impose(client, request, self._sanction(client, request, MUTE, target))

        return self._find(request, request.name).addCallback(mute)

    def ban(self, client: Client, request: Ban) -> "Deferred[None]":
        """Ban a person or an address; fires when that waits for the database. Raises RequestRefused, or fails so."""

        def ban(target: Target) -> None:
            self._impose(client, request, self._sanction(client, request, BAN, target))

        if request.name:
            return self._find(request, request.name).addCallback(ban)
        return succeed(Target(address=_address(request, request.address))).addCallback(ban)

    def unmute(self, client: Client, request: Unmute) -> None:
        """End a person's mute. Raises RequestRefused."""
        self._lift(client, request, MUTE, (self._spelled(request, request.name), ""))

    def unban(self, client: Client, request: Unban) -> None:
        """End a ban of a person or of an address. Raises RequestRefused."""
        if request.name:
            target = (self._spelled(request, request.name), "")
        else:
            target = ("", _address(request, request.address))
        self._lift(client, request, BAN, target)

    def list_sanctions(self, client: Client, request: ListSanctions) -> None:
        """Answer with the mutes and bans in force."""

        def answer(_: object) -> None:
            found = self._state.sanctions.all(self._state.sanction_clock.now())
            client.send(events.sanctions([_listed(each) for each in found]))

        self._run(client, request, lambda cursor: None, answer, BUSY)

    def edits(self, client: Client, request: Edits) -> None:
        """Answer with the texts that a message has had; that is on record. Raises RequestRefused."""
        store = self._state.storage.store.corrections
        entry = self._entry(client, request, request.room, str(request.number), "")

        def read(cursor: Cursor) -> Sequence[EarlierText]:
            return store.read_texts(cursor, request.room, request.number, entry)

        def answer(texts: Sequence[EarlierText]) -> None:
            if not texts:
                raise _missing(request)
            client.send(events.edits(request.room, request.number, [each.as_json() for each in texts]))

        if not names.is_room_name(request.room):
            raise _missing(request)
        self._run(client, request, read, answer, BUSY)

    def audit(self, client: Client, request: Audit) -> None:
        """Answer with entries of the audit log. Raises RequestRefused."""

        def read(cursor: Cursor) -> Sequence[AuditEntry]:
            return self._store.read_audit(cursor, request.before, request.limit)

        def answer(entries: Iterable[AuditEntry]) -> None:
            client.send(events.audit([each.as_json() for each in entries]))

        self._run(client, request, read, answer, BUSY)

    def _change(
        self,
        client: Client,
        request: Request,
        entry: AuditEntry,
        change: Callable[[Cursor], T],
        stored: Callable[[T], StoredAct[Any]],
    ) -> None:
        """Change the database, then do on all nodes what `stored` makes of the result, then answer.

        entry: of the audit log, which `change` stores. Raises RequestRefused; `stored` may raise it as well.
        """

        def changed(result: T) -> None:
            found = stored(result)
            event = event_of(found.act, found.event)
            self._log.info(
                DONE_IN_ROOM if entry.room else DONE,
                by=entry.by,
                action=entry.action,
                target=entry.target,
                room=entry.room,
            )
            # It is stored whatever happens to the journal, and takes effect then.
            self._state.nodes.journal.stored(event).addBoth(done)

        def done(result: object) -> None:
            if isinstance(result, Failure) and not result.check(ServiceBusy):
                self._log.failure("chat: what a moderator did failed", result)
            client.send(events.done(request.type, **_about(request)))

        self._run(client, request, change, changed, NOT_SAVED)

    def _run(
        self,
        client: Client,
        request: Request,
        work: Callable[[Cursor], T],
        then: Callable[[T], object],
        trouble: tuple[str, str],
    ) -> None:
        """Do work in the database, unless the client has logged out, then call `then` with the result.

        What only reads waits with the changes, as a moderator's request sees what those before it have done.

        trouble: the code and the text of the refusal if the database fails. Raises RequestRefused.
        """
        code, text = trouble
        begin_waiting(client, request, code)

        def checked(cursor: Cursor) -> T | NotDone:
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

    def _impose(self, client: Client, request: Mute | Ban, sanction: Sanction) -> None:
        now, trusted = self._state.sanction_clock.now(), self._state.sanction_clock.trusted_now()
        if trusted is not None:
            self._state.sanctions.forget_ended(trusted)
        try:
            self._state.sanctions.check(sanction, now)
        except ValueError as many:
            raise refusal(request, "not_saved", str(many)) from None
        entry = self._entry(client, request, "", sanction.name or sanction.address, request.reason)

        def imposed(stored: StoredAct[Sanction]) -> StoredAct[Sanction]:
            self._state.sanction_clock.stored(stored.act)
            return stored

        self._change(
            client, request, entry, lambda cursor: self._store.impose(cursor, sanction, entry, trusted), imposed
        )

    def _lift(self, client: Client, request: Unmute | Unban, kind: str, target: tuple[str, str]) -> None:
        name, address = target
        now = self._state.sanction_clock.now()
        if not self._state.sanctions.find(kind, names.key(name), address, now):
            raise refusal(request, "no_such_person", f"There is no {kind} of {name or address}.")
        entry = self._entry(client, request, "", name or address, "")
        act = Lift(kind, name, address, client.name)
        self._change(client, request, entry, lambda cursor: self._store.lift(cursor, act, entry, now), _as_it_is)

    def _find(self, request: Mute | Ban | Kick, name: str) -> "Deferred[Target]":
        """Fires with whom a name means, here or on another node. Raises RequestRefused for a moderator, or fails so."""
        person, spelled = self._state.people.find(name), self._spelled(request, name)
        if names.key(spelled) in self._immune or (person and any(each.is_moderator for each in person.clients)):
            raise _immune(request)
        asking = self._state.nodes.claims.holder(names.key(spelled))
        found: Deferred[Target] = asking.addCallback(self._target, request, spelled)
        return found.addErrback(_not_found, request)

    def _target(self, elsewhere: Holder | None, request: Mute | Ban | Kick, name: str) -> "Target | Deferred[Target]":
        if elsewhere is not None and elsewhere.is_moderator:
            raise _immune(request)
        person = self._state.people.find_lately(name)
        # Who has left this node may have left the name to somebody on another one.
        if person is not None and (elsewhere is None or elsewhere.person == person.id):
            target, addresses = Target(name, person.id), _addresses(person)
        elif elsewhere is not None:
            target, addresses = Target(elsewhere.name, elsewhere.person), elsewhere.addresses
        else:
            return Target(name)
        return self._at_own_address(target, addresses) if isinstance(request, Ban) else target

    def _at_own_address(self, target: "Target", addresses: Sequence[str]) -> "Target | Deferred[Target]":
        """The target with an address that nobody else has, on any node."""
        found = ban_addresses.addresses_to_ban(target.person, addresses, self._state.people.everyone())
        if not found:
            return target

        def chosen(shared: Collection[str]) -> Target:
            return replace(target, address=next((each for each in found if each not in shared), ""))

        return self._state.nodes.claims.shared(found, target.person).addCallback(chosen)

    def _spelled(self, request: Request, name: str) -> str:
        person = self._state.people.find(name)
        try:
            return person.name if person is not None else names.normalise(name)
        except names.BadName as bad:
            raise refusal(request, "no_such_person", str(bad)) from None

    def _sanction(self, client: Client, request: Mute | Ban, kind: str, target: "Target") -> Sanction:
        return Sanction(
            id=0,
            kind=kind,
            name=target.name,
            name_key=names.key(target.name),
            person=target.person,
            address=target.address,
            by=client.name,
            reason=request.reason,
            until=self._state.sanction_clock.now() + request.seconds,
        )

    def _entry(self, client: Client, request: Request, room: str, target: str, reason: str) -> AuditEntry:
        return AuditEntry(0, self._state.wall.seconds(), client.name, request.type, room, target, reason)


@record
class Target:
    """Whom a sanction or a kick is about. name: as it is spelled. person: as Person.id. address: that a ban is of.

    Each is "" if it is unknown, or there is none.
    """

    name: str = ""
    person: str = ""
    address: str = ""


def _as_it_is(stored: StoredAct[A]) -> StoredAct[A]:
    return stored


def _about(request: Request) -> dict[str, str | int]:
    """What its answer says besides its type: an author's `delete` is answered alike."""
    return {"room": request.room, "number": request.number} if isinstance(request, Delete) else {}


def _missing(request: Delete | Edits) -> RequestRefused:
    return refusal(request, "no_such_message", f"There is no message {request.number} in {request.room}.")


def _immune(request: Request) -> RequestRefused:
    return refusal(request, "not_allowed", "Moderators cannot be muted, kicked or banned.")


def _not_found(failure: Failure, request: Request) -> NoReturn:
    failure.trap(ServiceBusy, RequestRefused)
    if isinstance(failure.value, RequestRefused):
        raise failure.value
    raise refusal(request, *NOT_SAVED)


def _addresses(person: Person) -> Sequence[str]:
    """The addresses of a person's clients, or of the last one of a person who has left."""
    return [each.address for each in person.clients] or [person.left_from]


def _listed(sanction: Sanction) -> dict[str, Any]:
    about = {"kind": sanction.kind, "name": sanction.name, "address": sanction.address}
    return {**public_fields(sanction), **about}


def _address(request: Request, text: str) -> str:
    try:
        return ban_addresses.banned_address(text)
    except ValueError as bad:
        raise refusal(request, "no_such_person", str(bad)) from None
