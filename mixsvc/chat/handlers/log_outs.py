"""Log-outs of an application, and tokens: whose they are, when they end, and that older ones are refused after one."""

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from mixsvc.chat.handlers.room_events import RoomEvents
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.model.acts import LogOut, event_of
from mixsvc.chat.model.people import Client
from mixsvc.common.person_tokens import BadToken, PersonTokens, SignedPerson
from mixsvc.common.text import is_storable

__all__ = ["REMEMBERED", "PersonLogOuts"]

# How many of the persons who have logged out last are remembered.
REMEMBERED: Final = 10_000


class PersonLogOuts:
    """Reads tokens, and ends the connections of those who log out. Used in the reactor thread only."""

    def __init__(self, state: ChatState, tokens: PersonTokens, room_events: RoomEvents) -> None:
        self._state = state
        self._tokens = tokens
        self._room_events = room_events
        # When they did, the last one last. No token is valid for longer than a day, and a restart forgets all of it.
        self._logged_out: dict[str, float] = {}
        self._expiring: dict[Client, IDelayedCall] = {}

    def read(self, token: str) -> SignedPerson:
        """Returns whom a token names. Raises BadToken."""
        found = self._tokens.read(token, self._state.wall.seconds())
        if found.since <= self._logged_out.get(found.person, float("-inf")):
            raise BadToken("This token was signed before the person logged out; bring a new one.")
        return found

    def end_with(self, client: Client, until: float) -> None:
        """End a client's connection when its token does. until: seconds since 1970, UTC."""
        left = max(0.0, until - self._state.wall.seconds())
        self._expiring[client] = self._state.clock.callLater(left, self._expire, client)

    def depart(self, client: Client) -> None:
        """Forget a client whose connection is lost."""
        expiring = self._expiring.pop(client, None)
        if expiring is not None:
            expiring.cancel()

    def log_out(self, person: str) -> "Deferred[None]":
        """See IChat.log_out; fires when it has taken effect on all nodes. Raises ValueError; fails with ServiceBusy."""
        if not person or not is_storable(person):
            raise ValueError("Give the id of a person, without U+0000 and half surrogate pairs.")
        event = event_of(LogOut(person, self._state.wall.seconds()))
        return self._state.nodes.journal.post(event.kind, event.room, event.body).addCallback(lambda _: None)

    def apply(self, act: LogOut) -> None:
        """End the connections and streams of a person, and refuse the tokens that the person has by now."""
        self._logged_out.pop(act.person, None)
        self._logged_out[act.person] = act.at
        if len(self._logged_out) > REMEMBERED:
            del self._logged_out[next(iter(self._logged_out))]
        for client in self._state.people.clients_of(act.person):
            if self.has_logged_out(client):
                self._state.end_login(client)
        self._room_events.logged_out(act.person)

    def has_logged_out(self, client: Client) -> bool:
        """Whether the person of a client has logged out since it was found out who that is."""
        person = client.identified
        return person is not None and client.identified_at <= self._logged_out.get(person, float("-inf"))

    def _expire(self, client: Client) -> None:
        del self._expiring[client]
        self._state.end_login(client)
