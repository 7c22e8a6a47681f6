"""The check of the status and headers that applications pass to start_response."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.response_head import MAX_HEAD_CHARS, InvalidResponse, ResponseHead, read_response_head


class ReadResponseHeadTests(SynchronousTestCase):
    """The arguments of start_response."""

    def refused(self, status: object, headers: object) -> str:
        return str(self.assertRaises(InvalidResponse, read_response_head, status, headers))

    def test_status_and_headers_become_bytes(self) -> None:
        head = read_response_head("200 OK", [("Content-Type", "text/plain"), ("X-Name", "J\xfcrgen")])

        assert head == ResponseHead(200, b"OK", ((b"Content-Type", b"text/plain"), (b"X-Name", b"J\xfcrgen")), None)

    def test_a_header_may_be_given_twice(self) -> None:
        head = read_response_head("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])

        assert head.headers == ((b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2"))

    def test_the_length_is_read(self) -> None:
        assert read_response_head("200 OK", [("content-length", "12")]).length == 12

    def test_a_reason_may_be_missing_and_have_several_words(self) -> None:
        assert read_response_head("299", []).reason == b""
        assert read_response_head("404 Not Found", []).reason == b"Not Found"

    def test_an_invalid_status_is_refused(self) -> None:
        for status in ("", "OK", "20 OK", "2000", "200OK", "abc", "101 Switching Protocols", "100 Continue"):
            assert "the status must be like '200 OK'" in self.refused(status, [])

    def test_a_status_of_bytes_is_refused(self) -> None:
        assert self.refused(b"200 OK", []) == "the status must be a str, not bytes"

    def test_line_ends_are_refused_wherever_they_are(self) -> None:
        for bad in ("\r", "\n", "\r\n", "\0"):
            self.refused(f"200 OK{bad}X-Evil: 1", [])
            self.refused(f"200 OK{bad}", [])
            self.refused("200 OK", [("X-A", f"b{bad}X-Evil: 1")])
            self.refused("200 OK", [("X-A", f"b{bad}")])
            self.refused("200 OK", [(f"X-A{bad}", "b")])
            self.refused("200 OK", [("X-A", "b" * 300 + bad)])

    def test_a_head_that_is_too_long_for_any_client_is_refused(self) -> None:
        longest = "b" * (MAX_HEAD_CHARS - len("200 OKX-A"))

        assert read_response_head("200 OK", [("X-A", longest)]).code == 200
        assert "characters; there may be" in self.refused("200 OK", [("X-A", longest + "b")])

    def test_a_name_that_is_not_a_token_is_refused(self) -> None:
        for name in ("", "X A", "X:", "X\xe9", "X\u20ac"):
            assert "is not the name of a header" in self.refused("200 OK", [(name, "b")])

    def test_characters_outside_latin_1_are_refused(self) -> None:
        assert "outside ISO-8859-1" in self.refused("200 \u20ac", [])
        assert "the header X-A" in self.refused("200 OK", [("X-A", "\u20ac")])

    def test_headers_other_than_a_list_of_pairs_of_str_are_refused(self) -> None:
        assert self.refused("200 OK", (("A", "b"),)) == "the headers must be a list, not tuple"
        headers: tuple[object, ...] = (
            ["A", "b"],
            ("A",),
            ("A", "b", "c"),
            ("A", 1),
            (b"A", b"b"),
            ("A", None),
            "Ab",
            ([], "b"),
        )
        for header in headers:
            assert "a header must be a tuple of two str" in self.refused("200 OK", [header])

    def test_a_hop_by_hop_header_is_refused(self) -> None:
        for name in ("Connection", "transfer-encoding", "Upgrade", "Keep-Alive"):
            assert f"the header {name} may be set by the server only" in self.refused("200 OK", [(name, "close")])

    def test_an_invalid_content_length_is_refused(self) -> None:
        for length in ("", "-1", "1.5", "0x10", "1" * 30, "\u0661"):
            assert "Content-Length must be a whole number" in self.refused("200 OK", [("Content-Length", length)])
        twice = [("Content-Length", "1"), ("content-length", "1")]
        assert self.refused("200 OK", twice) == "there is more than one Content-Length"

    def test_a_refused_header_is_refused_again(self) -> None:
        assert self.refused("200 OK", [("A", "\n")]) == self.refused("200 OK", [("A", "\n")])
