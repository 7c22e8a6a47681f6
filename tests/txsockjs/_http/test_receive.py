"""What each transport sends, chunk by chunk."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import App, Apps, Service
from txsockjs.testing import MemoryResponse

JAVASCRIPT = "application/javascript; charset=UTF-8"
HEAD = """\
<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>"""


class Case(SynchronousTestCase):
    options: dict[str, object] = {"streaming_limit": 4096}

    def setUp(self) -> None:
        self.service = Service(options=self.options)

    def write(self, *texts: str) -> None:
        for text in texts:
            self.service.apps.last.transport.write(text)
        self.service.flush()


class PollingTests(Case):
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

    def test_a_post_without_length_and_body_will_do(self) -> None:
        answer = self.service.send(b"POST /echo/0/s/xhr HTTP/1.1\r\nHost: localhost\r\n\r\n")

        self.assertEqual(answer.body, b"o\n")

    def test_a_query_is_ignored(self) -> None:
        self.assertEqual(self.service.post("/0/s/xhr?t=1234").body, b"o\n")


class StreamingTests(Case):
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


class EventSourceTests(Case):
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


class HTMLFileTests(Case):
    def test_the_head_is_the_protocols_filled_up_to_more_than_a_kib(self) -> None:
        answer = self.service.get("/0/s/htmlfile?c=%63allback")

        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "text/html; charset=UTF-8"))
        self.assertEqual(answer.chunks[0].decode().strip(), HEAD)
        self.assertGreater(len(answer.chunks[0].rstrip(b"\r\n")), 1024)
        self.assertTrue(answer.chunks[0].endswith(b" \r\n\r\n"))

    def test_frames_are_a_chunk_each(self) -> None:
        answer = self.service.get("/0/s/htmlfile?c=callback")
        self.write("x")

        self.assertEqual(
            answer.chunks[1:],
            [b'<script>\np("o");\n</script>\r\n', b'<script>\np("a[\\"x\\"]");\n</script>\r\n'],
        )

    def test_one_frame_over_the_limit_is_sent_whole_and_ends_it(self) -> None:
        answer = self.service.get("/0/s/htmlfile?c=callback")
        self.write("x" * 4096)

        self.assertEqual(answer.chunks[2:], [b'<script>\np("a[\\"' + b"x" * 4096 + b'\\"]");\n</script>\r\n', b""])


class JSONPTests(Case):
    def test_an_answer_is_one_call(self) -> None:
        answer = self.service.get("/0/s/jsonp?c=%63allback")

        self.assertEqual((answer.status, answer.chunks), (200, [b'/**/callback("o");\r\n', b""]))
        self.assertEqual(answer.headers["content-type"], JAVASCRIPT)

    def test_messages_are_in_a_string_in_a_call(self) -> None:
        self.service.get("/0/s/jsonp?c=x")
        self.write("x", "%61")

        self.assertEqual(self.service.get("/0/s/jsonp?c=x").body, b'/**/x("a[\\"x\\",\\"%61\\"]");\r\n')

    def test_no_browser_may_guess_another_type(self) -> None:
        self.assertEqual(self.service.get("/0/s/jsonp?c=x").headers["x-content-type-options"], "nosniff")

    def test_the_callback_may_be_called_callback(self) -> None:
        self.assertEqual(self.service.get("/0/s/jsonp?callback=x").body, b'/**/x("o");\r\n')

    def test_the_clients_own_names_will_do(self) -> None:
        for name in ("_jp.a1b2c3", "a-b", "x" * 32):
            self.assertEqual(Service().get(f"/0/s/jsonp?c={name}").status, 200, name)


class CallbackTests(Case):
    def refused(self, query: str) -> set[tuple[int, bytes, str]]:
        answers = [self.service.get(f"/0/s/{name}{query}") for name in ("jsonp", "htmlfile")]
        return {(answer.status, answer.body, answer.headers["content-type"]) for answer in answers}

    def test_a_missing_callback_is_refused_in_the_protocols_words(self) -> None:
        for query in ("", "?c=", "?d=x"):
            self.assertEqual(
                self.refused(query), {(500, b'"callback" parameter required', "text/plain; charset=UTF-8")}
            )

    def test_a_callback_with_other_characters_is_refused_in_the_protocols_words(self) -> None:
        for given in ("%20", "*", "abc(", "abc%28", "a%0A", "%C3%A9", "%3Cscript%3E", "x" * 33):
            self.assertEqual(
                self.refused(f"?c={given}"), {(500, b'invalid "callback" parameter', "text/plain; charset=UTF-8")}
            )

    def test_a_refused_request_leaves_no_session_behind(self) -> None:
        self.refused("")
        self.refused("?c=*")

        self.assertEqual((self.service.resource.numbers().opened, self.service.apps.all), (0, []))


class CloseApps(Apps):
    def made(self, app: App) -> None:
        app.transport.loseConnection()


class ClosedAtOnceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(CloseApps())

    def test_the_same_stream_carries_open_and_close_and_ends(self) -> None:
        answer = self.service.post("/0/s/xhr_streaming")

        self.assertEqual(answer.chunks[1:], [b"o\n", b'c[3000,"Go away!"]\n', b""])

    def test_a_poll_gets_open_and_each_later_one_the_close(self) -> None:
        bodies = [self.service.get("/0/s/jsonp?c=x").body for _ in range(3)]

        close = b'/**/x("c[3000,\\"Go away!\\"]");\r\n'
        self.assertEqual(bodies, [b'/**/x("o");\r\n', close, close])

    def test_a_later_stream_gets_its_prelude_and_the_close(self) -> None:
        self.service.post("/0/s/xhr_streaming")

        again = self.service.post("/0/s/xhr_streaming")

        self.assertEqual(again.chunks, [b"h" * 2048 + b"\n", b'c[3000,"Go away!"]\n', b""])

    def test_the_name_is_free_when_the_time_is_over(self) -> None:
        self.service.post("/0/s/xhr")
        self.service.post("/0/s/xhr")
        self.service.clock.advance(5)

        self.assertEqual(self.service.post("/0/s/xhr").body, b"o\n")


class SlowClientTests(Case):
    options: dict[str, object] = {"max_outbox": 100}

    def lagging(self) -> MemoryResponse:
        answer = self.service.post("/0/s/xhr_streaming")
        answer.transport.fill()
        self.write("1")
        return answer

    def test_what_is_written_waits_until_the_client_has_caught_up(self) -> None:
        answer = self.lagging()
        self.assertEqual(len(answer.chunks), 2)

        answer.transport.drain()
        self.service.flush()

        self.assertEqual(answer.chunks[2:], [b'a["1"]\n'])

    def test_a_client_that_lags_too_far_behind_is_closed(self) -> None:
        answer = self.lagging()
        self.write("x" * 400)

        self.assertEqual(answer.chunks[2:], [b'c[1008,"Reads too slowly"]\n', b""])
        self.assertEqual(len(self.service.apps.last.reasons), 1)

    def test_a_client_that_acknowledges_nothing_between_two_heartbeats_is_dropped(self) -> None:
        answer = self.lagging()
        self.service.clock.advance(25)
        self.assertFalse(answer.transport.is_aborted)

        self.service.clock.advance(25)

        self.assertTrue(answer.transport.is_aborted)
        self.assertEqual(len(self.service.apps.last.reasons), 1)
        answer.transport.lose()
        self.assertEqual(len(self.service.apps.last.reasons), 1)
