"""The xhr transports: xhr, xhr_streaming, xhr_send."""

import json

from tests.txsockjs._http.cases import FORM, JAVASCRIPT, ReceiveCase, SendCase
from tests.txsockjs.fakes import Service


class PollingTests(ReceiveCase):
    def test_a_poll_is_one_frame(self) -> None:
        answer = self.service.post("/0/s/xhr")

        self.assertEqual((answer.status, answer.chunks), (200, [b"o\n", b""]))
        self.assertEqual(answer.headers["content-type"], JAVASCRIPT)

    def test_a_poll_waits_for_a_message(self) -> None:
        self.service.post("/0/s/xhr")
        poll = self.service.post("/0/s/xhr")
        self.assertEqual(poll.body, b"")

        self.write("x")

        self.assertEqual(poll.chunks, [b'a["x"]\n', b""])

    def test_a_post_without_length_and_body_is_accepted(self) -> None:
        answer = self.service.send(b"POST /echo/0/s/xhr HTTP/1.1\r\nHost: localhost\r\n\r\n")

        self.assertEqual(answer.body, b"o\n")

    def test_a_query_is_ignored(self) -> None:
        self.assertEqual(self.service.post("/0/s/xhr?t=1234").body, b"o\n")


class StreamingTests(ReceiveCase):
    def test_prelude_and_frames_are_a_chunk_each(self) -> None:
        answer = self.service.post("/0/s/xhr_streaming")
        self.write("x")
        self.write("y", "z")

        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], JAVASCRIPT)
        self.assertEqual(answer.chunks, [b"h" * 2048 + b"\n", b"o\n", b'a["x"]\n', b'a["y","z"]\n'])

    def test_it_ends_when_the_limit_is_reached_not_counting_the_prelude(self) -> None:
        answer = self.service.post("/0/s/xhr_streaming")

        # 2 bytes for the open frame and 134 a message.
        for _ in range(30):
            self.write("x" * 128)
        self.assertFalse(answer.is_ended)
        self.write("x" * 128)

        self.assertEqual(len(answer.chunks), 2 + 31 + 1)
        self.assertTrue(answer.is_ended)

    def test_a_byte_below_the_limit_goes_on_and_the_limit_itself_ends_it(self) -> None:
        for size, ends in ((4096 - 2 - 6 - 1, False), (4096 - 2 - 6, True)):
            self.service = Service(options={"streaming_limit": 4096})
            answer = self.service.post("/0/s/xhr_streaming")
            self.write("x" * size)

            self.assertEqual(answer.is_ended, ends)

    def test_the_session_lives_on_in_the_next_response(self) -> None:
        self.service.post("/0/s/xhr_streaming")
        self.write("x" * 4096)
        self.write("between")

        again = self.service.post("/0/s/xhr_streaming")

        self.assertEqual(again.chunks, [b"h" * 2048 + b"\n", b'a["between"]\n'])
        self.assertEqual(len(self.service.apps.all), 1)

    def test_the_limit_is_128_kib_by_default(self) -> None:
        self.service = Service()
        answer = self.service.post("/0/s/xhr_streaming")
        self.write("x" * (128 * 1024 - 2 - 6 - 1))
        self.assertFalse(answer.is_ended)
        self.write("")

        self.assertTrue(answer.is_ended)


class XHRSendTests(SendCase):
    def test_the_answer_is_empty_and_has_a_type_all_the_same(self) -> None:
        answer = self.send(b'["x"]')

        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")

    def test_the_messages_arrive_in_order_one_at_a_time(self) -> None:
        self.send(b'["x","y","\\u00e9"]')

        self.assertEqual(self.messages, [b"x", b"y", "é".encode()])

    def test_any_content_type_is_accepted(self) -> None:
        for kind in ("text/plain", "T", "application/json", "application/xml", "", "text/xml; charset=utf-8", FORM):
            self.assertEqual(self.send(b'["a"]', Content_Type=kind).status, 204, kind)
        self.send(b'["a"]')

        self.assertEqual(self.messages, [b"a"] * 8)

    def test_no_messages_are_fine(self) -> None:
        self.assertEqual((self.send(b"[]").status, self.messages), (204, []))

    def test_an_unknown_session_is_not_found_and_not_made(self) -> None:
        answer = self.service.post("/0/none/xhr_send", b'["x"]')

        self.assertEqual((answer.status, self.service.resource.numbers().sessions), (404, {"xhr": 1}))

    def test_a_session_that_is_closing_is_not_found(self) -> None:
        self.service.apps.last.transport.loseConnection()

        self.assertEqual(self.send(b'["x"]').status, 404)

    def test_mistakes_are_answered_in_the_protocols_words(self) -> None:
        for body, text in (
            (b"", b"Payload expected."),
            (b'["x', b"Broken JSON encoding."),
            (b"null", b"Payload expected."),
            (b'["\xff"]', b"Broken JSON encoding."),
        ):
            answer = self.send(body)
            self.assertEqual((answer.status, answer.body), (500, text))
            self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")

    def test_the_session_goes_on_after_a_mistake(self) -> None:
        self.send(b'["x')
        self.send(b"")

        self.assertEqual((self.send(b'["a"]').status, self.messages), (204, [b"a"]))

    def test_nothing_is_delivered_of_a_batch_with_a_mistake(self) -> None:
        for body in (b'["a",1]', b'["a",null]', b'["a",{}]'):
            self.assertEqual((self.send(body).status, self.messages), (500, []))

    def test_a_lone_surrogate_reaches_the_application_and_comes_back(self) -> None:
        self.send(b'["\\ud800"]')
        self.service.apps.last.transport.write(self.messages[0])
        self.service.flush()

        self.assertEqual(self.service.post("/0/s/xhr").body, b'a["\\ud800"]\n')

    def test_every_escape_round_trips(self) -> None:
        text = "".join(chr(code) for code in range(0x20, 0x10000))
        self.send(json.dumps([text]).encode())
        self.service.apps.last.transport.write(self.messages[0])
        self.service.flush()

        self.assertEqual(json.loads(self.service.post("/0/s/xhr").body[1:]), [json.loads(json.dumps(text))])
