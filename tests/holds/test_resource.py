"""Clients that bring a ticket to the port of the service."""

import time
from typing import Any

from twisted.web.resource import Resource

from mixsvc.config.settings import Settings
from mixsvc.holds.resource import ChatAndTickets
from mixsvc.holds.tickets import HoldTickets
from mixsvc.http.routing import ChatOnlyRoot
from mixsvc.http.site import MixSite
from mixsvc.interfaces.holds import TOPICS, Hold
from tests.holds.held import HeldCase
from tests.wsgi.inline import Wire


class Chat(Resource):
    """Says what it was asked for."""

    def getChild(self, path: bytes, request: Any) -> Resource:
        chat = Chat()
        chat.isLeaf = True
        return chat

    def render(self, request: Any) -> bytes:
        return b"chat " + b"/".join(request.postpath)


class ChatAndTicketsTests(HeldCase):
    """A chat's port beside another server."""

    def setUp(self) -> None:
        super().setUp()
        self.tickets = HoldTickets(b"key", lambda: 1_000_000.0)
        root = ChatOnlyRoot(ChatAndTickets(Chat(), self.holder, self.tickets), "/chat")
        site = MixSite(self.clock, root, Settings())
        site.on_answer = self._answered
        self.served.site = site

    def get(self, path: str, method: bytes = b"GET", fields: bytes = b"") -> Wire:
        data = b"%b %b HTTP/1.1\r\nHost: shop.example:8081\r\nAccept: text/event-stream\r\n%b\r\n"
        return self.ask(data % (method, path.encode(), fields))[1]

    def path(self) -> str:
        return f"/chat/hold/{self.tickets.write(Hold(TOPICS, ('order-42',), person='ada'))}"

    def test_a_ticket_holds_the_client(self) -> None:
        wire = self.get(self.path() + "?since=0")
        self.topics.publish("order-42", "one")

        assert self.said(wire)[1].endswith(b"id: 1\ndata: one\n\n\r\n")
        (following,) = self.topics.followings
        identity = following.subscription.identity
        assert identity is not None
        assert identity.person == "ada"

    def test_the_view_has_decided_when_the_ticket_was_written(self) -> None:
        self.clock.advance(100)
        hold = Hold(TOPICS, ("order-42",), decided=time.time() - 20)
        self.get(f"/chat/hold/{self.tickets.write(hold)}")

        (following,) = self.topics.followings
        assert 70 < following.subscription.decided <= 80

    def test_a_page_on_another_port_of_the_host_may_read_it(self) -> None:
        head, _ = self.said(self.get(self.path(), fields=b"Origin: http://shop.example:8000\r\n"))
        other, _ = self.said(self.get(self.path(), fields=b"Origin: http://evil.example\r\n"))

        assert b"access-control-allow-origin: http://shop.example:8000" in head.lower()
        assert b"access-control-allow-credentials: true" in head.lower()
        assert b"access-control-allow-origin" not in other.lower()

    def test_a_script_of_such_a_page_may_send_headers_of_its_own(self) -> None:
        """A browser asks first when it follows the redirect."""
        origin = b"Origin: http://shop.example:8000\r\nAccess-Control-Request-Method: GET\r\n"
        wanted = b"Access-Control-Request-Headers: hx-request, x-csrf-token\r\n"

        head, body = self.said(self.get(self.path(), b"OPTIONS", origin + wanted))

        lines = head.lower().split(b"\r\n")
        assert (lines[0], body) == (b"http/1.1 204 no content", b"")
        for line in (
            b"access-control-allow-origin: http://shop.example:8000",
            b"access-control-allow-credentials: true",
            b"access-control-allow-methods: get",
            b"access-control-allow-headers: hx-request, x-csrf-token",
        ):
            assert line in lines
        for fields in (origin.replace(b"shop", b"evil") + wanted, origin + wanted.replace(b", ", b" ")):
            head, _ = self.said(self.get(self.path(), b"OPTIONS", fields))
            assert b"access-control-allow-headers" not in head.lower()
        assert not self.topics.followings

    def test_what_is_no_ticket_is_refused(self) -> None:
        for path in ("/chat/hold/x", self.path()[:-2], "/chat/hold/"):
            head, _ = self.said(self.get(path))

            assert head.startswith(b"HTTP/1.1 403 "), path
        assert not self.topics.followings

    def test_head_holds_nobody_and_post_is_not_allowed(self) -> None:
        assert self.said(self.get(self.path(), b"HEAD"))[0].startswith(b"HTTP/1.1 200 ")
        assert self.said(self.get(self.path()[:-2], b"HEAD"))[0].startswith(b"HTTP/1.1 403 ")
        assert self.said(self.get(self.path(), b"POST"))[0].startswith(b"HTTP/1.1 405 ")
        assert not self.topics.followings

    def test_everything_else_is_the_chats(self) -> None:
        for path in ("/chat", "/chat/hold", "/chat/hold/a/b", "/chat/info"):
            assert b"chat" in self.said(self.get(path))[1], path
