"""What a CALL and the head of a response hold."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.environ_frame import decode_call, decode_head, encode_call, encode_head, marked
from mixsvc.wsgi.children.frames import BadFrame
from mixsvc.wsgi.environ import EnvironTexts, KeptTexts
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.supervision.begun_marks import NO_MARK
from tests.wsgi.children.child import as_texts

LATIN_1 = st.text(st.characters(max_codepoint=255), max_size=20)
TEXTS = st.dictionaries(LATIN_1, LATIN_1, max_size=10)


class CallTests(SynchronousTestCase):
    """encode_call and decode_call."""

    @given(TEXTS, TEXTS, st.binary(max_size=50))
    def test_texts_and_body_come_out_as_they_went_in(
        self, shared: dict[str, str], own: dict[str, str], body: bytes
    ) -> None:
        texts = EnvironTexts(KeptTexts(shared), KeptTexts(own))

        for _ in range(2):
            assert decode_call(encode_call(texts, body)) == ({**shared, **own}, body, False, NO_MARK)

    def test_a_body_in_a_descriptor_is_not_in_the_frame(self) -> None:
        assert decode_call(encode_call(as_texts({"PATH_INFO": "/"}), None)) == ({"PATH_INFO": "/"}, b"", True, NO_MARK)

    def test_a_request_can_be_given_a_mark_after_it_was_encoded(self) -> None:
        payload = encode_call(as_texts({"PATH_INFO": "/"}), b"abc")

        assert decode_call(marked(payload, 7)) == ({"PATH_INFO": "/"}, b"abc", False, 7)

    def test_an_empty_body_is_no_descriptor(self) -> None:
        assert not decode_call(encode_call(as_texts({"PATH_INFO": "/"}), b"")).has_descriptor

    def test_what_an_application_changes_is_not_seen_by_the_next_call(self) -> None:
        for value in ("short", "long" * 1000):
            payload = encode_call(as_texts({"PATH_INFO": "/", "HTTP_COOKIE": value}), b"")
            decode_call(payload).texts.clear()

            assert decode_call(payload).texts == {"PATH_INFO": "/", "HTTP_COOKIE": value}

    def test_what_cannot_be_read_is_a_bad_frame(self) -> None:
        whole = encode_call(as_texts({"A": "b", "C": "d"}), b"")
        for payload in (b"", whole[:3], whole[:-2], b"\0\0\0\0\1\0\0\0\0\xff"):
            self.assertRaises(BadFrame, decode_call, payload)


class HeadTests(SynchronousTestCase):
    """encode_head and decode_head."""

    def head(self, *headers: tuple[bytes, bytes]) -> ResponseHead:
        return ResponseHead(299, b"Fine: so far", headers, None)

    def test_status_headers_and_body_come_out_as_they_went_in(self) -> None:
        headers = ((b"A", b"b: c"), (b"Set-Cookie", b""), (b"Set-Cookie", b"\xe9"), (b"Long", b"x" * 5000))

        for each in (headers, headers[:3], ()):
            found = decode_head(encode_head(self.head(*each), b"body\r\n"))

            assert found == (299, b"Fine: so far", each, b"body\r\n")

    def test_a_response_without_a_reason_has_none(self) -> None:
        assert decode_head(encode_head(ResponseHead(200, b"", (), None))) == (200, b"", (), b"")

    def test_what_cannot_be_read_is_a_bad_frame(self) -> None:
        for payload in (b"", b"\0\xc8\0\0", b"\0\xc8\0\0\0\0\0\5abc\r\n"):
            self.assertRaises(BadFrame, decode_head, payload)
