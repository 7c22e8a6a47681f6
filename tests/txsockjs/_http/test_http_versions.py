"""HTTP/1.0 and 1.1."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs._http.test_receive import CloseApps
from tests.txsockjs.fakes import Service


class Http10Tests(SynchronousTestCase):
    def test_the_greeting_has_a_length_and_the_connection_is_closed(self) -> None:
        answer = Service().send(b"GET /echo HTTP/1.0\r\n\r\n")

        self.assertEqual((answer.status, answer.headers["content-length"]), (200, "19"))
        self.assertNotIn("transfer-encoding", answer.headers)
        self.assertTrue(answer.transport.disconnecting)

    def test_it_is_not_kept_alive_unless_it_says_so(self) -> None:
        answer = Service().send(b"GET /echo HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")

        self.assertEqual(answer.transport.disconnecting, answer.headers.get("connection", "close").lower() == "close")

    def test_a_stream_has_neither_chunks_nor_length_and_is_closed_at_once(self) -> None:
        request = b"POST /echo/0/s/xhr_streaming HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"

        answer = Service(CloseApps()).send(request)

        self.assertNotIn("transfer-encoding", answer.headers)
        self.assertNotIn("content-length", answer.headers)
        self.assertEqual(answer.body, b"h" * 2048 + b"\n" + b'o\nc[3000,"Go away!"]\n')
        self.assertTrue(answer.transport.disconnecting)


class Http11Tests(SynchronousTestCase):
    def test_the_greeting_keeps_the_connection_for_a_second_request(self) -> None:
        request = b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Keep-Alive\r\n\r\n"
        answer = Service().send(request)
        self.assertIn(answer.headers.get("connection", "").lower(), ("", "keep-alive"))
        answer.transport.clear()

        answer.transport.receive(request)

        self.assertEqual(answer.body, b"Welcome to SockJS!\n")

    def test_a_stream_is_chunked_and_ends_with_the_empty_chunk(self) -> None:
        answer = Service(CloseApps()).post("/0/s/xhr_streaming", Connection="Keep-Alive")

        self.assertEqual(answer.headers["transfer-encoding"], "chunked")
        self.assertNotIn("content-length", answer.headers)
        self.assertEqual(answer.chunks[1:], [b"o\n", b'c[3000,"Go away!"]\n', b""])

    def test_the_connection_serves_on_after_a_poll(self) -> None:
        service = Service()
        answer = service.post("/0/s/xhr")
        answer.transport.clear()

        answer.transport.receive(
            b'POST /echo/0/s/xhr_send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n["x"]'
        )

        self.assertEqual((answer.status, service.apps.last.messages), (204, [b"x"]))

    def test_every_answer_says_where_it_ends(self) -> None:
        service = Service()
        for method, path in (("GET", "/a"), ("POST", "/info"), ("POST", "/0/s/xhr"), ("POST", "/0/s/jsonp_send")):
            headers = service.request(method, path, b"").headers
            self.assertTrue("content-length" in headers or headers.get("transfer-encoding") == "chunked", path)
