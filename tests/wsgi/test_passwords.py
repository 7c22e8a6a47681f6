"""Names and passwords that come without cookies reach whoever says whose they are."""

from base64 import b64encode
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Identity
from mixsvc.interfaces.doors import SentPassword
from mixsvc.wsgi.environ import make_connection_environ
from mixsvc.wsgi.passwords import AuthenticatorPasswords, ModeratorPasswords

SENT = SentPassword(
    "Jürgen", "geheim:ß", IPv4Address("TCP", "192.0.2.1", 50_000), IPv4Address("TCP", "192.0.2.9", 6697), True
)


class KnownByPassword:
    """An Identifier that notes the environ."""

    def __init__(self) -> None:
        self.environs: list[dict[str, Any]] = []
        self.forgotten: list[Identity | None] = []

    def __call__(self, request: Any, /) -> "Deferred[Identity | None] | None":
        self.environs.append(make_connection_environ(request))
        return succeed(Identity("p", "Jürgen"))

    def forget(self, identity: Identity | None, /) -> None:
        self.forgotten.append(identity)

    def stop(self) -> None:
        """Nothing to do."""


class PasswordTests(SynchronousTestCase):
    def test_an_authenticator_gets_them_as_http_basic(self) -> None:
        identify = KnownByPassword()
        passwords = AuthenticatorPasswords(identify, b"irc")

        found = self.successResultOf(passwords(SENT))
        passwords.forget(found)

        (environ,) = identify.environs
        assert found == Identity("p", "Jürgen") and identify.forgotten == [found]
        assert environ["HTTP_AUTHORIZATION"] == "Basic " + b64encode("Jürgen:geheim:ß".encode()).decode()
        assert (environ["PATH_INFO"], environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == (
            "/irc",
            "192.0.2.1",
            "https",
        )
        assert "HTTP_COOKIE" not in environ

    def test_a_function_that_knows_the_moderators_gets_the_address_too(self) -> None:
        asked: list[tuple[str, ...]] = []

        def check(*sent: str) -> Identity | None:
            asked.append(sent)
            return None

        assert self.successResultOf(ModeratorPasswords(check, lambda function: succeed(function()))(SENT)) is None
        assert asked == [("Jürgen", "geheim:ß", "192.0.2.1")]
