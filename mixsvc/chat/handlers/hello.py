"""Answers hello: who a client is, which name it gets, and whether it is banned."""

from secrets import token_hex

from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.people import Client
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import Hello
from mixsvc.common import names
from mixsvc.errors import NameTaken
from mixsvc.interfaces import Identity

__all__ = ["HelloHandler"]


class HelloHandler:
    """Admits new connections and answers hello. Used in the reactor thread only."""

    def __init__(self, state: ChatState) -> None:
        self._state = state
        settings = state.settings
        # With an authenticator of the user's a name is enough for a moderator; our own sessions need a password.
        named = [each.name for each in settings.moderators if not each.password_hash and settings.authenticator]
        self._moderators = frozenset(names.key(name) for name in named)

    def arrive(self, client: Client, identity: Identity | None) -> bool:
        """Note who a new connection is; returns False if it is banned, after closing it.

        identity: None for a stranger.
        """
        client.identity = identity
        client.is_moderator = identity is not None and self._may_moderate(identity)
        person = identity.person if identity is not None else ""
        return self._may_stay(client, "", person)

    def hello(self, client: Client, request: Hello) -> None:
        """Give a client its name and its person. Raises RequestRefused."""
        if client.person is not None:
            raise refusal(request, "already_named", f"Your name is {client.name}; open a new connection to change it.")
        if client.identity is None and not self._state.settings.guests:
            raise refusal(request, "not_allowed", "Log in first: this chat is not open to strangers.")
        name = self._name(client, request)
        id = self._person(client, request)
        if not self._may_stay(client, names.key(name), id):
            return
        try:
            self._state.people.check(name, id, client.is_moderator)
        except NameTaken as taken:
            raise refusal(request, "name_taken", str(taken), suggestion=taken.suggestion) from None
        self._state.people.enter(client, id, name)
        rooms = [each.room for each in self._state.access.seen(client.identified)[: events.ROOMS_AT_ONCE]]
        max_text, epoch = self._state.settings.max_text, self._state.storage.epoch
        client.send(events.welcome(client.name, rooms, max_text, client.is_moderator, epoch))

    def claim(self, name: str, person: str) -> str:
        """Returns the spelling of a name that a person may use now. Raises NameTaken, and ValueError for a bad name."""
        spelled = names.normalise(name)
        self._state.people.check(spelled, person, may_be_reserved=False)
        return spelled

    def _name(self, client: Client, request: Hello) -> str:
        given = client.identity.name if client.identity is not None else None
        wanted = request.name if given is None else given
        if wanted is None:
            raise refusal(request, "no_name", "Say hello with your name.")
        try:
            name = names.normalise(wanted)
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

    def _may_moderate(self, identity: Identity) -> bool:
        try:
            name = names.key(names.normalise(identity.name or ""))
        except names.BadName:
            name = ""
        return identity.moderator or name in self._moderators

    def _may_stay(self, client: Client, name_key: str, person: str) -> bool:
        if client.is_moderator:
            return True
        ban = self._state.sanctions.banned(name_key, person, client.address, self._state.sanction_clock.now())
        if ban is None:
            return True
        client.close(events.BANNED, events.banned_reason(ban.until))
        return False
