"""Does what the journal says, such as moderators' acts: to the rooms, the sanctions and the clients of this node."""

from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.chat.handlers.log_outs import PersonLogOuts
from mixsvc.chat.handlers.membership import MembershipHandler
from mixsvc.chat.handlers.revocation import RevocationHandler
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.handlers.telling import MessageChange, MessageTeller
from mixsvc.chat.model.acts import Deletion, Edition, Lift, LogOut, Oblivion, Removal, TopicChange, Withdrawal, act_of
from mixsvc.chat.model.people import Client, Person, Transport
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.chat.protocol import events
from mixsvc.common import names
from mixsvc.common.times import utc_seconds
from mixsvc.nodes.interfaces import JournalEvent

__all__ = ["ActHandler", "public_fields"]

PublicFields: TypeAlias = dict[str, Any]


class ActHandler:
    """Applies what is stored in the journal, in its order, whichever node has stored it. Used in the reactor thread."""

    _log = Logger()

    def __init__(
        self,
        state: ChatState,
        membership: MembershipHandler,
        teller: MessageTeller,
        revocation: RevocationHandler,
        log_outs: PersonLogOuts,
    ) -> None:
        self._state = state
        self._memory = state.storage.memory
        self._revocation = revocation
        self._log_outs = log_outs
        self._teller = teller
        self._membership = membership

    def apply(self, event: JournalEvent) -> "Deferred[None] | None":
        """Do what an event of the journal says; a Deferred fires when that is done."""
        match act_of(event):
            case Deletion() as act:
                self._delete(act)
            case Edition() as act:
                self._edit(act)
            case Removal() as act:
                self._kick(act)
            case Sanction() as act:
                self._impose(act)
            case Lift() as act:
                self._lift(act)
            case Withdrawal() as act:
                return self._revocation.withdraw(act)
            case LogOut() as act:
                self._log_outs.apply(act)
            case TopicChange() as act:
                self._state.rooms.set_topic(act.room, act.topic)
            case Oblivion() as act:
                self._state.rooms.forget(act.room)
        return None

    def _delete(self, act: Deletion) -> None:
        if self._memory is not None:
            self._memory.deleted(act.room, act.number)
        self._state.rooms.set_topic(act.room, act.topic)
        room = self._state.rooms.find(act.room)
        if room is not None:
            self._teller.deleted(room, act.number, events.deleted(room.name, act.number, act.by, act.topic))
        self._teller.changed(act.room, MessageChange(act.number, None))

    def _edit(self, act: Edition) -> None:
        if act.text is None:
            # It was deleted, which the journal says, too.
            return
        if self._memory is not None:
            self._memory.edited(act.room, act.number, act.text, act.at)
        room = self._state.rooms.find(act.room)
        if room is not None:
            self._teller.edited(room, act.number, act.text, act.at)
        self._teller.changed(act.room, MessageChange(act.number, act.text, act.at))

    def _kick(self, act: Removal) -> None:
        self._membership.remove(act, events.kicked(act.room, act.name, act.by, act.reason))

    def _impose(self, sanction: Sanction) -> None:
        try:
            self._state.sanctions.add(sanction, self._state.sanction_clock.now())
            self._state.sanction_clock.imposed(sanction)
        except ValueError as error:
            # Each node has checked it, and others were faster.
            self._log.warn("chat: a mute or ban is in force only where it was imposed: {reason}", reason=str(error))
        if sanction.name:
            event = events.muted if sanction.kind == MUTE else events.banned
            self._announce(sanction.name, event(sanction.name, **public_fields(sanction)))
        if sanction.kind == BAN:
            self._close_banned(sanction)
            if sanction.person:
                self._revocation.ban(sanction.person)

    def _lift(self, act: Lift) -> None:
        now = self._state.sanction_clock.now()
        self._state.sanctions.lift(act.kind, names.key(act.name), act.address, now)
        if act.kind == MUTE:
            self._announce(act.name, events.unmuted(act.name, act.by))

    def _announce(self, name: str, text: str) -> None:
        """Send a text to a person and to everybody who is in a room with this person."""
        person, key = self._state.people.find(name), names.key(name)
        clients = person.clients if person is not None else ()
        audience: dict[Transport, None] = {each.transport: None for each in clients}
        for room in self._state.rooms.with_member(key):
            audience.update(dict.fromkeys(room.audience()))
        self._state.broadcast(text, tuple(audience))

    def _close_banned(self, sanction: Sanction) -> None:
        now = self._state.sanction_clock.now()
        for person in self._state.people.everyone():
            for client in tuple(person.clients):
                if _is_banned(person, client, sanction) and not client.is_moderator and sanction.until > now:
                    client.close(events.BANNED, events.banned_reason(sanction.until))


def public_fields(sanction: Sanction) -> PublicFields:
    """The fields of a mute or a ban in the events that tell of it."""
    return {"by": sanction.by, "until": utc_seconds(sanction.until), "reason": sanction.reason}


def _is_banned(person: Person, client: Client, sanction: Sanction) -> bool:
    """Whether a ban closes this client. Other persons at the banned person's address stay, but may not come back."""
    if not sanction.name:
        return client.address == sanction.address
    return person.key == sanction.name_key or person.id == sanction.person
