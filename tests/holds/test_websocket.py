"""A client that a view has left to the service, on a WebSocket."""

import json
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from mixsvc.interfaces.topics import TopicEnd
from tests.holds.held import HeldCase, holding


class Browser:
    """The client's end of one WebSocket."""

    def __init__(self, case: "HeldWebSocketTests", path: str = "/orders/42", origin: str | None = None) -> None:
        self.protocol = ClientProtocol(parse_uri(f"ws://shop.example{path}"), origin=origin)  # type: ignore[arg-type]
        self.protocol.send_request(self.protocol.connect())
        self.channel, self.wire = case.ask(b"".join(self.protocol.data_to_send()))

    def read(self) -> list[Any]:
        """The messages that came, as JSON; a close frame as its code and reason."""
        self.protocol.receive_data(self.wire.value())
        self.wire.clear()
        found: list[Any] = []
        for event in self.protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                found.append(json.loads(bytes(event.data)))
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE and self.protocol.close_rcvd:
                found.append((self.protocol.close_rcvd.code, self.protocol.close_rcvd.reason))
        return found

    def send(self) -> None:
        """Send what the protocol wants to."""
        self.channel.dataReceived(b"".join(self.protocol.data_to_send()))


class HeldWebSocketTests(HeldCase):
    """With topics in memory."""

    def test_it_gets_events_as_objects(self) -> None:
        browser = Browser(self)

        self.topics.publish("order-42", "päid", "status")

        assert browser.read() == [
            {"topic": None, "id": "0@e1", "event": None, "data": None},
            {"topic": "order-42", "id": "1", "event": "status", "data": "päid"},
        ]

    def test_it_goes_on_where_it_stood(self) -> None:
        for data in ("one", "two"):
            self.topics.publish("order-42", data)

        assert [each["data"] for each in Browser(self, "/orders/42?since=1@e1").read()] == ["two"]

    def test_the_answer_has_the_headers_of_the_view(self) -> None:
        self.serve(holding("order-42", fields={"Set-Cookie": "seen=1"}))

        _, wire = self.ask(b"".join([*self.handshake()]))

        head = self.said(wire)[0]
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nSet-Cookie: seen=1" in head
        assert b"mixsvc-hold" not in head.lower()
        assert [fields["code"] for fields, _ in self.logged] == [101]

    def handshake(self, *fields: bytes) -> list[bytes]:
        return [
            b"GET /orders/42 HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
            b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n",
            *fields,
            b"\r\n",
        ]

    def test_pages_of_other_origins_may_not_open_one(self) -> None:
        _, wire = self.ask(b"".join(self.handshake(b"Origin: http://evil.example\r\n")))

        assert wire.value().startswith(b"HTTP/1.1 403 ")
        assert not self.topics.followings
        assert sum(self.holder.stats().held.values()) == 0
        assert self.said(self.ask(b"".join(self.handshake(b"Origin: http://shop.example\r\n")))[1])[0].startswith(
            b"HTTP/1.1 101 "
        )

    def test_a_handshake_that_is_not_valid_is_refused(self) -> None:
        data = b"".join(self.handshake())
        for bad, status in (
            (data.replace(b"Version: 13", b"Version: 8"), b"426"),
            (data.replace(b"x3JJHMbDL1EzLkh9GBhXDw==", b"short"), b"400"),
            (data.replace(b"HTTP/1.1", b"HTTP/1.0"), b"400"),
        ):
            _, wire = self.ask(bad)

            assert wire.value()[9:12] == status
            assert not self.topics.followings

    def test_the_end_of_the_topic_closes_it_with_the_reason(self) -> None:
        browser = Browser(self)
        browser.read()

        self.topics.end(TopicEnd.CLOSED)

        assert browser.read() == [(1008, TopicEnd.CLOSED.value)]

    def test_a_message_of_the_client_closes_it(self) -> None:
        browser = Browser(self)
        browser.read()

        browser.protocol.send_text(b"hello")
        browser.send()

        ((code, reason),) = browser.read()
        assert (code, "no messages" in reason) == (1003, True)

    def test_a_client_that_leaves_is_forgotten_at_once(self) -> None:
        browser = Browser(self)

        browser.channel.connectionLost(Failure(ConnectionDone()))

        assert not self.topics.followings
        assert sum(self.holder.stats().held.values()) == 0

    def test_it_is_asked_from_time_to_time_whether_it_is_there(self) -> None:
        browser = Browser(self)
        browser.read()

        self.clock.pump([0.25] * 100)

        assert browser.wire.value() == b"\x89\x00"
        self.clock.pump([1] * 11)
        assert browser.wire.disconnecting

    def test_a_client_that_does_not_read_is_told_nothing_until_it_does(self) -> None:
        browser = Browser(self)
        browser.read()

        self.fill(browser.wire)
        self.topics.publish("order-42", "one")
        self.topics.publish("order-42", "two")
        self.empty(browser.wire)

        assert [each["data"] for each in browser.read()] == ["one", "two"]

    def test_a_stop_closes_it(self) -> None:
        browser = Browser(self)
        browser.read()

        stopped = self.holder.stop()

        assert browser.read() == [(1001, TopicEnd.STOPPING.value)]
        stopped.addErrback(lambda failure: failure.trap(CancelledError))
        stopped.cancel()
        assert browser.wire.disconnecting
