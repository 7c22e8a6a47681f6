"""Answers hello: who a client is, which name it gets, and whether it is banned."""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from secrets import token_hex
from typing import NoReturn, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from mixsvc.chat.handlers.log_outs import PersonLogOuts
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.people import AskedIdentity, Client
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import Hello, Request
from mixsvc.common import names
from mixsvc.common.person_tokens import BadToken
from mixsvc.common.text import is_storable
from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import NameTaken, ServiceBusy
from mixsvc.interfaces import Identity
from mixsvc.nodes.interfaces import Claimant

__all__ = ["HelloHandler"]

T = TypeVar("T")


class HelloHandler:
    """Admits new connections and answers hello. Used in the reactor thread only."""

    def __init__(self, state: ChatState, log_outs: PersonLogOuts) -> None:
        self._state = state
        self._log_outs = log_outs
        self._moderators = _known_by_name(state.settings)
        # Those who were moderators before a reload, and when each moderator has got another password, in seconds of the
        # reactor's clock: somebody may have been asked who they are before it.
        self._gone: frozenset[str] = frozenset()
        self._changed_at: dict[str, float] = {}
        # The connections of moderators, before hello as well.
        self._moderating: set[Client] = set()
        # How many clients wait for each name, by its key.
        self._claiming: Counter[str] = Counter()

    def arrive(self, client: Client, asked: AskedIdentity) -> bool:
        """Note who a new connection is; returns False if it may not come, after closing it."""
        state, identity = self._state, asked.identity
        client.identity = identity
        client.identified_at = state.wall.seconds() - (state.clock.seconds() - asked.asked_at)
        if identity is not None and self._is_outdated(identity, asked.asked_at):
            state.end_login(client)
            return False
        client.is_moderator = identity is not None and self._may_moderate(identity)
        if client.is_moderator:
            self._moderating.add(client)
        person = identity.person if identity is not None else ""
        return self._may_stay(client, "", person)

    def hello(self, client: Client, request: Hello) -> "Deferred[None] | None":
        """Give a client its name and its person; fires when that is done. Raises RequestRefused, or fails with it."""
        if client.person is not None:
            raise refusal(request, "already_named", f"Your name is {client.name}; open a new connection to change it.")
        if request.identity is not None:
            self._identify(client, request, request.identity)
        if self._has_ended(client):
            return None
        if client.identity is None and not self._state.settings.guests:
            raise refusal(request, "not_allowed", "Log in first: this chat is not open to strangers.")
        name = self._name(client, request)
        id = self._person(client, request)
        wanted = Claimant(names.key(name), name, id, client.address, client.is_moderator)
        if not self._may_stay(client, wanted.key, id):
            return None
        self._check(request, wanted)
        self._claiming[wanted.key] += 1
        claimed = self._claim(wanted)
        # Only then may it be released.
        claimed.addBoth(self._answered, wanted)
        done = claimed.addCallbacks(self._claimed, _not_claimed, (client, request, wanted), errbackArgs=(request,))
        return done.addErrback(self._refused, wanted)

    def depart(self, client: Client) -> None:
        """Take a client from its person, whose name is free after the last one."""
        person = client.person
        self._moderating.discard(client)
        self._log_outs.depart(client)
        self._state.people.leave(client)
        if person is not None:
            self._release(person.key)

    def reload(self, before: Sequence[Moderator]) -> None:
        """Others may be moderators now than before: who is none any more, or has another password, is logged out.

        Whoever else has the name of a new one is sent away, and the name is the moderator's.
        """
        settings = self._state.settings
        self._moderators = _known_by_name(settings)
        changed = {names.key(each.name) for each in set(before) - set(settings.moderators)}
        self._changed_at.update(dict.fromkeys(changed, self._state.clock.seconds()))
        self._gone = (self._gone | changed) - {names.key(each.name) for each in settings.moderators}
        for client in tuple(self._moderating):
            identity = client.identity
            if client.is_moderator and identity is not None:
                is_ours = not settings.authenticator
                if (is_ours and _key_of(identity) in changed) or not self._may_moderate(identity):
                    self._state.end_login(client)
        self._make_room({names.key(each.name) for each in set(settings.moderators) - set(before)})

    def _make_room(self, reserved: Collection[str]) -> None:
        """Close the connections of those who have these names, and are not the moderators to whom they belong now."""
        for person in self._state.people.everyone():
            for client in tuple(person.clients) if person.key in reserved else ():
                if client.has_token or client.identity is None or not self._may_moderate(client.identity):
                    client.close(*events.RESERVED)

    def _identify(self, client: Client, request: Hello, token: str) -> None:
        """Take a client for whom its token names, whatever its cookies say; nobody moderates by a token."""
        try:
            signed = self._log_outs.read(token)
        except BadToken as bad:
            raise refusal(request, "bad_token", str(bad)) from None
        self._log_outs.depart(client)
        client.identity = Identity(signed.person, signed.name)
        client.has_token, client.is_moderator = True, False
        client.rooms = signed.rooms
        # The clock of whoever has signed it may be ahead: a log-out from now on is later all the same.
        client.identified_at = min(signed.since, self._state.wall.seconds())
        self._log_outs.end_with(client, signed.until)

    def whom(self, client: Client, request: Request) -> str | None:
        """As which person a client does a request; its hello may bring a token, which counts more than its cookies."""
        if isinstance(request, Hello) and request.identity is not None:
            with suppress(BadToken):
                return self._log_outs.read(request.identity).person
        return client.identified

    def _claim(self, wanted: Claimant) -> "Deferred[str | None]":
        nodes, person = self._state.nodes, self._state.people.find(wanted.name)
        if person is not None and any(each.is_moderator for each in person.clients):
            # For the other nodes the newest window stands for all of them.
            wanted = replace(wanted, is_moderator=True)
        asking = nodes.claims.claim(wanted) if nodes.heart.is_trusted else fail(ServiceBusy("the database is away"))
        return asking.addErrback(self._known_here, wanted)

    def _known_here(self, failure: Failure, wanted: Claimant) -> str:
        """Nobody says whose name it is; but it stays with the person who has it on this node."""
        person = self._state.people.find(wanted.name)
        if person is None or person.id != wanted.person:
            failure.raiseException()
        return person.name

    def _answered(self, answer: T, wanted: Claimant) -> T:
        self._claiming[wanted.key] -= 1
        if not self._claiming[wanted.key]:
            del self._claiming[wanted.key]
        return answer

    def _claimed(
        self, spelling: str | None, client: Client, request: Hello, wanted: Claimant
    ) -> "Deferred[None] | None":
        if spelling is None:
            taken = self._taken_elsewhere(wanted)
            return taken.addCallbacks(_refuse, _not_claimed, (request,), errbackArgs=(request,))
        # The client may be gone, logged out or banned meanwhile.
        if client.is_gone or self._has_ended(client) or not self._may_stay(client, wanted.key, wanted.person):
            self._release(wanted.key)
            return None
        self._check(request, wanted)
        self._state.people.enter(client, wanted.person, spelling)
        self._welcome(client)
        return None

    def _refused(self, failure: Failure, wanted: Claimant) -> Failure:
        """Another window of the person may have had the name, and left while this one waited."""
        self._release(wanted.key)
        return failure

    def _has_ended(self, client: Client) -> bool:
        """Whether a client's person has logged out since; then its login ends."""
        if not self._log_outs.has_logged_out(client):
            return False
        self._state.end_login(client)
        return True

    def _release(self, key: str) -> None:
        """Release a name if no client of this node has it or waits for it."""
        if key not in self._claiming and not self._state.people.has(key):
            self._state.nodes.claims.release(key)

    def _check(self, request: Hello, wanted: Claimant) -> None:
        try:
            self._state.people.check(wanted.name, wanted.person, wanted.is_moderator)
        except NameTaken as taken:
            _refuse(taken, request)

    def _taken_elsewhere(self, wanted: Claimant) -> "Deferred[NameTaken]":
        similar = [names.key(each) for each in names.similar(wanted.name)]
        asking = self._state.nodes.claims.taken(similar, wanted.person)
        return asking.addCallback(lambda taken: self._state.people.taken(wanted.name, taken))

    def _welcome(self, client: Client) -> None:
        seen = [each.room for each in self._state.access.seen(client.identified) if client.may_enter(each.room)]
        rooms = seen[: events.ROOMS_AT_ONCE]
        max_text, epoch = self._state.settings.max_text, self._state.storage.epoch
        client.send(events.welcome(client.name, rooms, max_text, client.is_moderator, epoch))

    def claim(self, name: str, person: str) -> "Deferred[str]":
        """Fires with the spelling of a name that a person may use now.

        Raises NameTaken, or fails with it, and ValueError for a bad name. Fails with ServiceBusy.
        """
        if not is_storable(person):
            raise ValueError("The person has the character U+0000 or half a surrogate pair.")
        wanted = Claimant(names.key(spelled := names.person_name(name)), spelled, person, "", False)
        self._state.people.check(spelled, person, may_be_reserved=False)
        asking = self._state.nodes.claims.taken([wanted.key], person)
        return asking.addCallback(self._is_free, wanted)

    def _is_free(self, taken: Collection[str], wanted: Claimant) -> "str | Deferred[str]":
        if wanted.key not in taken:
            return wanted.name
        return self._taken_elsewhere(wanted).addCallback(_raise)

    def _name(self, client: Client, request: Hello) -> str:
        given = client.identity.name if client.identity is not None else None
        wanted = request.name if given is None else given
        if wanted is None:
            raise refusal(request, "no_name", "Say hello with your name.")
        try:
            name = names.person_name(wanted)
            is_other = request.name is not None and names.key(names.normalise(request.name)) != names.key(name)
        except names.BadName as bad:
            raise refusal(request, "bad_name", str(bad)) from None
        if is_other:
            raise refusal(request, "name_fixed", f"Your session says that you are {name}; change it there.")
        return name

    def _person(self, client: Client, request: Hello) -> str:
        if client.identity is not None:
            return client.identity.person
        if request.token is not None:
            return f"token:{request.token}"
        # Random, not counted: after a restart a mute would apply to another person with the same number.
        return f"stranger:{token_hex(8)}"

    def _is_outdated(self, identity: Identity, asked_at: float) -> bool:
        """Whether it was asked before a reload who this is, with a moderator's password from before."""
        key = _key_of(identity)
        is_ours = identity.moderator and not self._state.settings.authenticator
        return is_ours and key not in self._gone and asked_at < self._changed_at.get(key, -inf)

    def _may_moderate(self, identity: Identity) -> bool:
        key = _key_of(identity)
        if identity.moderator and not self._state.settings.authenticator:
            return key not in self._gone
        return identity.moderator or key in self._moderators

    def _may_stay(self, client: Client, name_key: str, person: str) -> bool:
        if client.is_moderator:
            return True
        ban = self._state.sanctions.banned(name_key, person, client.address, self._state.sanction_clock.now())
        if ban is None:
            return True
        client.close(events.BANNED, events.banned_reason(ban.until))
        return False


def _known_by_name(settings: ChatSettings) -> frozenset[str]:
    """The keys of those whom an authenticator of the user's names; our own sessions need a password."""
    named = [each.name for each in settings.moderators if not each.password_hash and settings.authenticator]
    return frozenset(names.key(name) for name in named)


def _key_of(identity: Identity) -> str:
    """The key of the name; "" for none."""
    try:
        return names.key(names.normalise(identity.name or ""))
    except names.BadName:
        return ""


def _not_claimed(failure: Failure, request: Hello) -> NoReturn:
    failure.trap(ServiceBusy)
    text = "It cannot be found out now whether your name is free; say hello again a little later."
    raise refusal(request, "busy", text)


def _refuse(taken: NameTaken, request: Hello) -> NoReturn:
    raise refusal(request, "name_taken", str(taken), suggestion=taken.suggestion) from None


def _raise(taken: NameTaken) -> NoReturn:
    raise taken
