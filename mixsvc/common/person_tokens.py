"""Tokens that say who a person is: an application signs them for its own pages, wherever these are served.

A token is JSON, signed with a key of the service (itsdangerous, HMAC-SHA256, base64url). It is readable by whoever has
it, and holds: `person`, `name`, `rooms`, `since` and `until` (seconds since 1970, UTC).
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from mixsvc.common import names
from mixsvc.common.records import record
from mixsvc.common.text import is_storable

__all__ = ["LONGEST_TOKEN", "BadToken", "PersonTokens", "SignedPerson"]

# What else is signed with the key is no token, and no token is anything else.
SALT: Final = "mixsvc-person-token"

# How long a token is valid at least and at most, in seconds, and how many characters it has at most.
SHORTEST, LONGEST = 1, 86_400
LONGEST_TOKEN: Final = 4096


class BadToken(Exception):
    """A token is not valid; the message is a sentence."""


@record
class SignedPerson:
    """Whom a token names. rooms: keys of the rooms that the person may enter by it; None: any. until: as above."""

    person: str
    name: str | None
    rooms: frozenset[str] | None
    since: float
    until: float


class PersonTokens:
    """Signs and reads the tokens of one service. Used in any thread; `read` does not block after its first call."""

    def __init__(self, key: Callable[[], bytes] | None = None, now: Callable[[], float] = time.time) -> None:
        """key: the same in all processes of the service, read when it is needed first; None for one at random.

        now: returns seconds since 1970, UTC.
        """
        # The serializer, which needs it, is made once.
        self._key = key or (lambda: secrets.token_bytes(32))
        self._now = now

    def sign(
        self, person: str, name: str | None = None, *, rooms: Collection[str] | None = None, seconds: float = 300
    ) -> str:
        """Returns a token for a person, who may open connections with it for so many seconds (1 to 86 400).

        person: as Identity.person. name: in the chat; None to let them choose one. rooms: the only ones that they may
        enter; None: all that `may` permits. A connection ends when its token does, and the page brings the next one.
        Raises ValueError with a sentence for what is not valid.
        """
        if not person or not is_storable(person):
            raise ValueError("Give the id of a person, without U+0000 and half surrogate pairs.")
        if isinstance(rooms, str):
            raise ValueError("Give the names of the rooms as a list, not as one text.")
        if not SHORTEST <= seconds <= LONGEST:
            raise ValueError(f"A token is valid for {SHORTEST} to {LONGEST} seconds, not for {seconds:g}.")
        since = self._now()
        allowed = None if rooms is None else sorted({names.key(room) for room in rooms})
        chosen = None if name is None else names.person_name(name)
        fields = {"person": person, "name": chosen, "rooms": allowed, "since": since, "until": since + seconds}
        token = self._serializer.dumps(fields)
        text = token.decode() if isinstance(token, bytes) else token
        if len(text) > LONGEST_TOKEN:
            raise ValueError(f"The token would have {len(text)} characters; name fewer rooms, or a shorter person.")
        return text

    def read(self, token: str, now: float) -> SignedPerson:
        """Returns whom a token names. now: seconds since 1970, UTC. Raises BadToken."""
        try:
            fields: Any = self._serializer.loads(token)
        except BadData:
            raise BadToken("This token was not signed by this service.") from None
        if fields["until"] <= now:
            raise BadToken("This token has expired; bring a new one.")
        rooms = fields["rooms"]
        allowed = None if rooms is None else frozenset(rooms)
        return SignedPerson(fields["person"], fields["name"], allowed, fields["since"], fields["until"])

    @cached_property
    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._key(), SALT, signer_kwargs={"digest_method": staticmethod(hashlib.sha256)})
