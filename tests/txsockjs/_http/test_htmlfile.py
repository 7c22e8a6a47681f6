"""The htmlfile transport."""

from tests.txsockjs._http.cases import ReceiveCase

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


class HTMLFileTests(ReceiveCase):
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
