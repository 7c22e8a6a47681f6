"""Polling clients: whose session it is, from the chat's side."""

import json
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.connection import ChatConnection, ChatFactory, same_owner
from mixsvc.interfaces import Identity
from tests.chat.fakes import ChatHarness, FakeIdentifier
from txsockjs.testing import MemoryResponse, MemoryService

MIA = Identity("id of Mia", "Mia", moderator=True)
PEOPLE = {"mia": MIA, "mia2": MIA, "demoted": Identity("id of Mia", "Mia"), "ann": Identity("id of Ann", "Ann")}


class PollingTests(SynchronousTestCase):
    """People are known by their cookies; with a cookie that nobody knows, or none, they are guests."""

    def setUp(self) -> None:
        self.chat = ChatHarness()
        self.addCleanup(self.chat.database.connection.close)
        self.answers: dict[str, Deferred[Identity | None]] = {}
        self.identifier = FakeIdentifier(self.identify)
        factory = ChatFactory(self.chat.clock, self.chat.dispatcher, self.identifier)
        self.service = MemoryService(factory, {"same_owner": same_owner})

    def identify(self, request: Any) -> "Deferred[Identity | None] | None":
        cookie = (request.getHeader(b"cookie") or b"").decode()
        if not cookie:
            return None
        return self.answers.get(cookie) or succeed(PEOPLE.get(cookie))

    def send(self, cookie: str, *messages: dict[str, object]) -> MemoryResponse:
        body = json.dumps([json.dumps(message) for message in messages]).encode()
        answer = self.service.post("/0/s/xhr_send", body, **({"Cookie": cookie} if cookie else {}))
        self.chat.clock.advance(0)
        self.chat.database.settle()
        self.service.flush()
        return answer

    def poll(self, cookie: str) -> MemoryResponse:
        return self.service.post("/0/s/xhr", **({"Cookie": cookie} if cookie else {}))

    def enter(self, cookie: str, name: str) -> None:
        """Open the session, and say something."""
        self.poll(cookie)
        hello: dict[str, object] = {"type": "hello", "name": name}
        say: dict[str, object] = {"type": "say", "room": "lobby", "text": "mine"}
        self.assertEqual(self.send(cookie, hello, {"type": "join", "room": "lobby"}, say).status, 204)
        self.assertEqual(self.chat.database.rows(), [(1, "mine")])

    def test_somebody_who_knows_a_moderators_session_neither_reads_nor_moderates(self) -> None:
        for cookie in ("", "ann", "unknown", "demoted"):
            self.setUp()
            self.enter("mia", "Mia")
            delete = self.send(cookie, {"type": "delete", "room": "lobby", "number": 1})
            self.assertEqual((delete.status, self.poll(cookie).status), (403, 403), cookie)
            self.assertEqual(self.chat.database.rows(), [(1, "mine")])

    def test_the_moderator_reads_on_with_a_cookie_that_was_signed_again(self) -> None:
        self.enter("mia", "Mia")

        self.assertIn(b'\\"welcome\\"', self.poll("mia2").body)
        self.assertEqual(self.send("mia2", {"type": "delete", "room": "lobby", "number": 1}).status, 204)
        self.assertEqual(self.chat.database.rows(), [(1, "")])

    def test_after_a_login_in_the_same_browser_the_guests_session_ends(self) -> None:
        self.enter("", "Guest")

        self.assertEqual(self.poll("mia").status, 403)
        self.assertIn(b"c[2011,", self.poll("").body + self.poll("").body)

    def test_a_guest_reads_on_whatever_cookies_come_and_go(self) -> None:
        self.enter("", "Guest")

        self.assertIn(b'\\"welcome\\"', self.poll("statistics=1").body)

    def test_while_a_person_is_being_identified_a_request_with_other_headers_waits(self) -> None:
        self.answers["mia"] = Deferred()
        self.poll("mia")
        poll = self.poll("mia2")
        self.assertEqual(poll.transport.value(), b"")

        self.answers["mia"].callback(MIA)
        self.send("mia2", {"type": "hello", "name": "Mia"})

        self.assertEqual(poll.status, 200)
        self.assertIn(b'\\"welcome\\"', poll.body)

    def test_when_the_authenticator_fails_later_the_session_goes_on(self) -> None:
        self.enter("mia", "Mia")
        self.answers["mia2"] = Deferred()
        poll = self.poll("mia2")

        self.answers["mia2"].errback(ZeroDivisionError())

        self.assertEqual((poll.status, len(self.flushLoggedErrors(ZeroDivisionError))), (503, 1))
        self.assertIn(b'\\"welcome\\"', self.poll("mia").body)

    def test_a_session_that_ends_while_the_authenticator_is_asked_is_nobodys(self) -> None:
        connection = ChatConnection(self.chat.clock, self.chat.dispatcher, FakeIdentifier(lambda request: None))
        connection.connectionLost()

        self.assertFalse(self.successResultOf(Deferred.fromCoroutine(connection.is_own(None))))

    def test_of_those_who_are_asked_about_a_request_nobody_is_remembered(self) -> None:
        self.enter("mia", "Mia")

        self.send("ann")

        self.assertEqual([each.person for each in self.identifier.forgotten], ["id of Ann"])
