"""Whose password it is: SASL PLAIN (RFC 4616, IRCv3 "SASL 3.1"), and PASS."""

from base64 import b64decode
from binascii import Error
from typing import Final

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.person_tokens import LONGEST_TOKEN, BadToken
from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import LoginRefused, SentPassword
from mixsvc.irc.clients.client import IrcClient

__all__ = ["MOST_ATTEMPTS", "MOST_PIECES", "PIECE", "BadCredentials", "Credentials", "LoginCheck", "plain_credentials"]

# Characters of one AUTHENTICATE; a shorter one ends the message. And how many one message may have.
PIECE: Final = 400
MOST_PIECES: Final = 2 * LONGEST_TOKEN // PIECE

# After so many wrong passwords the connection ends.
MOST_ATTEMPTS: Final = 3

# How long a check may take, in seconds.
CHECK_SECONDS: Final = 10.0

WRONG: Final = "The name or the password is wrong."
NOT_CHECKED: Final = "The password cannot be checked now; try again a little later."


class BadCredentials(ValueError):
    """The message of SASL PLAIN is not valid, or too long."""


Credentials = tuple[str, str]


def plain_credentials(message: str) -> Credentials:
    """Returns the name and the password of a message in base64. Raises BadCredentials."""
    if len(message) >= MOST_PIECES * PIECE:
        raise BadCredentials("The message is too long.")
    try:
        text = b64decode(message, validate=True).decode()
    except (Error, ValueError):
        raise BadCredentials("The message is not UTF-8 in base64.") from None
    parts = text.split("\0")
    if len(parts) != 3:
        raise BadCredentials("The message is not an authorization, a name and a password with NULs between them.")
    authorization, name, password = parts
    if authorization not in ("", name):
        raise BadCredentials("Nobody may act as somebody else.")
    return name, password


class LoginCheck:
    """Finds out who a client is. Used in the reactor thread."""

    _log = Logger()

    def __init__(self, client: IrcClient) -> None:
        self._client = client
        self.failures = 0

    def check(self, credentials: Credentials) -> "Deferred[str]":
        """Fires with "" once the client's identity or token is known, else with a sentence that says why it is not.

        A password may be a token that the application has signed, whatever the name.
        """
        name, password = credentials
        client, given = self._client, self._client.door.given
        if not name and not password:
            return succeed(WRONG)
        try:
            signed = given.tokens.read(password, given.seconds())
        except BadToken:
            sent = SentPassword(name, password, client.wire.peer(), client.wire.host(), client.wire.is_secure)
            asked_at = given.clock.seconds()
            asking = given.passwords(sent).addTimeout(CHECK_SECONDS, given.clock)
            return asking.addCallbacks(self._found, self._not_checked, (asked_at,))
        client.become(None, password, signed.name)
        return succeed("")

    def _found(self, identity: Identity | None, asked_at: float) -> str:
        if identity is None:
            self.failures += 1
            return WRONG
        client = self._client
        if client.wire.is_ended:
            client.door.given.passwords.forget(identity)
            return WRONG
        client.become(identity, "", identity.name)
        client.asked_at = asked_at
        return ""

    def _not_checked(self, failure: Failure) -> str:
        if failure.check(LoginRefused):
            return str(failure.value)
        if not failure.check(TimeoutError, CancelledError):
            self._log.failure("irc: a password could not be checked", failure)
        return NOT_CHECKED
