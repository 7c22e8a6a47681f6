"""The handshake of WebSockets."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from tests.sockjs.fakes import Service
from txsockjs._errors import ClientError
from txsockjs._websocket import WebSocket

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}


URLS = ("/0/s/websocket", "/websocket")


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

    def test_http_2_has_none(self) -> None:
        endpoint = WebSocket(self.service.resource._service)

        request = DummyRequest([])
        request.channel = None  # type: ignore[attr-defined]  # a real request has one

        error = self.assertRaises(ClientError, endpoint.respond, request)

        self.assertEqual(error.status, 400)

    def test_a_refused_one_leaves_no_session_behind(self) -> None:
        self.service.get("/0/s/websocket")

        self.assertEqual(len(self.service.resource._service.registry), 0)

    def test_the_old_version_is_refused_unless_the_option_is_on(self) -> None:
        keys = {"Sec_WebSocket_Key1": "4 @1  46546xW%0l 1 5", "Sec_WebSocket_Key2": "12998 5 Y3 1  .P00"}

        answer = self.service.get("/0/s/websocket", Upgrade="WebSocket", Connection="Upgrade", **keys)

        self.assertEqual(answer.status, 400)
