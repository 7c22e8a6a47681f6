"""The handshake of WebSockets."""

import time
from email.utils import parsedate_to_datetime
from itertools import product
from typing import cast

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyRequest

from tests.txsockjs.fakes import Service
from txsockjs._websocket.handshake import cached_response
from txsockjs.testing import MemoryResponse

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}


URLS = ("/0/s/websocket", "/websocket")
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"


# What clients send, well and badly, for each header.
VALUES: dict[str, tuple[str | None, ...]] = {
    "Upgrade": ("WebSocket", "h2c, websocket", ",", None),
    "Connection": ("Upgrade", "keep-alive, upgrade", "close", None),
    "Sec_WebSocket_Version": ("13", "8", None),
    "Sec_WebSocket_Key": ("AAAAAAAAAAAAAAAAAAAAAB==", "x3JJHMbDL1EzLkh9GBhXDw", None),
    "Sec_WebSocket_Protocol": (None, "chat, other", "a b"),
    "Sec_WebSocket_Extensions": (None, ";"),
}


class HandshakeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def test_a_good_one_is_answered_as_rfc_6455_says(self) -> None:
        for path in URLS:
            answer = self.service.get(path, **UPGRADE)

            self.assertEqual(answer.status, 101)
            self.assertEqual(answer.headers["sec-websocket-accept"], "HSmrc0sMlYUkAGmm5OPpG2HaGWk=")
            self.assertEqual(answer.headers["connection"].lower(), "upgrade")
            self.assertEqual(answer.headers["upgrade"].lower(), "websocket")
            self.assertNotIn("content-length", answer.headers)
            self.assertNotIn("transfer-encoding", answer.headers)

    def test_connection_may_be_a_list_in_any_case(self) -> None:
        answer = self.service.get(
            "/websocket", **{**UPGRADE, "Connection": "keep-alive, UPGRADE", "Upgrade": "WebSocket"}
        )

        self.assertEqual(answer.status, 101)

    def test_a_plain_request_is_bad(self) -> None:
        for path in URLS:
            self.assertEqual(self.service.get(path).status, 400)

    def test_a_proxy_that_changed_connection_makes_it_bad(self) -> None:
        for path in URLS:
            self.assertEqual(self.service.get(path, **{**UPGRADE, "Connection": "close"}).status, 400)

    def test_another_version_is_told_the_right_one(self) -> None:
        answer = self.service.get("/websocket", **{**UPGRADE, "Sec_WebSocket_Version": "7"})

        self.assertEqual((answer.status, answer.headers["sec-websocket-version"]), (400, "13"))

    def test_a_bad_key_is_bad(self) -> None:
        for key in ("short", "é", "x" * 24):
            self.assertEqual(self.service.get("/websocket", **{**UPGRADE, "Sec_WebSocket_Key": key}).status, 400)

    def test_posting_is_not_allowed_with_or_without_an_upgrade(self) -> None:
        for headers in (UPGRADE, {}):
            answer = self.service.post("/0/s/websocket", b"", **headers)
            self.assertEqual((answer.status, answer.body, bool(answer.headers["allow"])), (405, b"", True))
            self.assertNotIn("content-type", answer.headers)

    def test_a_service_without_websockets_has_no_such_url(self) -> None:
        service = Service(options={"websocket": False})

        for path in URLS:
            self.assertEqual(service.get(path, **UPGRADE).status, 404)

    def test_a_request_of_http_2_is_refused(self) -> None:
        request = DummyRequest([])
        request.channel = None  # type: ignore[attr-defined]  # a real request has one

        self.service.resource.getChild(b"websocket", cast(Request, request)).render(request)

        self.assertEqual((request.responseCode, request.written), (400, [b"WebSockets need HTTP/1.1."]))

    def test_an_upgrade_with_a_body_is_refused_since_nobody_knows_where_its_frames_begin(self) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in UPGRADE.items()]
        for path, body in product(
            URLS, ("Content-Length: 2\r\n\r\nab", CHUNKED + "1\r\na\r\n0\r\n\r\n", CHUNKED + "0\r\n\r\n")
        ):
            head = "\r\n".join([f"GET /echo{path} HTTP/1.1", "Host: a", *lines, body])
            answer = self.service.send(head.encode() + b"\x81\x80aaaa")

            self.assertEqual(answer.status, 400)
            self.assertEqual(self.service.apps.all, [])

    def test_an_upgrade_with_an_empty_body_of_known_length_is_one_without(self) -> None:
        self.assertEqual(self.service.get("/websocket", **UPGRADE, Content_Length="0").status, 101)

    def test_a_refused_one_leaves_no_session_behind(self) -> None:
        self.service.get("/0/s/websocket")

        self.assertEqual(self.service.resource.numbers().opened, 0)

    def test_the_old_version_is_refused_unless_the_option_is_on(self) -> None:
        keys = {"Sec_WebSocket_Key1": "4 @1  46546xW%0l 1 5", "Sec_WebSocket_Key2": "12998 5 Y3 1  .P00"}

        answer = self.service.get("/0/s/websocket", Upgrade="WebSocket", Connection="Upgrade", **keys)

        self.assertEqual(answer.status, 400)

    def test_every_key_gets_its_own_answer_whatever_was_answered_before(self) -> None:
        keys = {
            "x3JJHMbDL1EzLkh9GBhXDw==": "HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
            "dGhlIHNhbXBsZSBub25jZQ==": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        }
        for key in [*keys, *keys]:
            answer = self.service.get("/websocket", **{**UPGRADE, "Sec_WebSocket_Key": key})

            self.assertEqual(answer.headers["sec-websocket-accept"], keys[key])

    def test_two_keys_are_bad(self) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in UPGRADE.items()]
        head = ["GET /echo/websocket HTTP/1.1", "Host: localhost", *lines, lines[-1], "", ""]

        self.assertEqual(self.service.send("\r\n".join(head).encode()).status, 400)

    def test_the_answer_has_the_date_of_its_time(self) -> None:
        before = int(time.time())

        date = parsedate_to_datetime(self.service.get("/websocket", **UPGRADE).headers["date"]).timestamp()

        self.assertTrue(before <= date <= time.time(), (before, date))

    def test_each_second_has_its_own_date(self) -> None:
        request = DummyRequest([])
        request.clientproto = b"HTTP/1.1"
        for name, value in UPGRADE.items():
            request.requestHeaders.setRawHeaders(name.replace("_", "-"), [value])

        first, second = (cached_response(cast(Request, request), now) or b"" for now in (0.9, 86400.0))

        self.assertIn(b"\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n", first)
        self.assertIn(b"\r\nDate: Fri, 02 Jan 1970 00:00:00 GMT\r\n", second)

    def test_the_answer_has_what_an_upgrade_needs_and_no_more(self) -> None:
        answer = self.service.get("/websocket", Origin="http://a.example", **UPGRADE)

        self.assertEqual(set(answer.headers), {"date", "upgrade", "connection", "sec-websocket-accept"})

    def test_a_refusal_has_the_headers_of_other_responses(self) -> None:
        full = Service(options={"max_sessions": 1})
        full.get("/websocket", **UPGRADE)
        for answer, status in (
            (full.get("/websocket", Origin="http://a.example", **UPGRADE), 503),
            (full.get("/websocket", Origin="http://a.example"), 400),
        ):
            self.assertEqual((answer.status, answer.headers["vary"]), (status, "Origin"))
            self.assertEqual(answer.headers["access-control-allow-origin"], "http://a.example")
            self.assertIn("no-store", answer.headers["cache-control"])

    def test_a_good_handshake_of_another_origin_is_refused(self) -> None:
        service = Service(options={"origins": ["http://a.example"]})

        statuses = [service.get("/websocket", Origin=f"http://{host}.example", **UPGRADE).status for host in "aba"]

        self.assertEqual(statuses, [101, 403, 101])


class CachedResponseTests(SynchronousTestCase):
    """A response that was kept is the one that the library would make."""

    def answers(self, options: dict[str, object]) -> list[tuple[int, dict[str, str]]]:
        service = Service(options={"max_sessions_per_address": 10_000, **options})
        return [self.without_date(service.get("/websocket", **headers)) for headers in self.handshakes()]

    def handshakes(self) -> list[dict[str, str]]:
        every = [dict(zip(VALUES, values, strict=True)) for values in product(*VALUES.values())]
        return [{name: value for name, value in each.items() if value is not None} for each in every]

    def without_date(self, answer: MemoryResponse) -> tuple[int, dict[str, str]]:
        return answer.status, {name: value for name, value in answer.headers.items() if name != "date"}

    def test_a_kept_response_is_the_same_as_a_new_one(self) -> None:
        # With this option every handshake goes to the library.
        asked, known = self.answers({"hixie76": True}), self.answers({})

        self.assertEqual(known, asked)
        self.assertEqual({status for status, _ in known}, {101, 400})
