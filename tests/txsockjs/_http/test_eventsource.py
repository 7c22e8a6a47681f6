"""The eventsource transport."""

from tests.txsockjs._http.cases import ReceiveCase


class EventSourceTests(ReceiveCase):
    def test_prelude_and_frames_are_a_chunk_each(self) -> None:
        answer = self.service.get("/0/s/eventsource")
        self.write("x")
        self.write("  \0\n\r ")
        self.write("100%")

        self.assertEqual(
            answer.chunks,
            [
                b"\r\n",
                b"data: o\r\n\r\n",
                b'data: a["x"]\r\n\r\n',
                b'data: a["  \\u0000\\n\\r "]\r\n\r\n',
                b'data: a["100%25"]\r\n\r\n',
            ],
        )

    def test_its_type_has_no_charset(self) -> None:
        answer = self.service.get("/0/s/eventsource")

        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "text/event-stream"))

    def test_one_frame_over_the_limit_is_sent_whole_and_ends_it(self) -> None:
        answer = self.service.get("/0/s/eventsource")
        self.write("x" * 4096)

        self.assertEqual(answer.chunks[2:], [b'data: a["' + b"x" * 4096 + b'"]\r\n\r\n', b""])
