"""Frames and escaping."""

import json
import re
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsockjs._protocol.errors import BadPost
from txsockjs._protocol.frames import (
    EVENTSOURCE,
    HTMLFILE,
    RAW,
    WEBSOCKET,
    XHR,
    BinaryMessage,
    Framing,
    Message,
    close_frame,
    decode_post,
    decode_websocket,
    jsonp,
)

MUST_BE_ESCAPED: Final = re.compile("[\x00-\x1f\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff\ud800-\udfff]")
EVERY_ESCAPED: Final = "".join(chr(code) for code in range(0x10000) if MUST_BE_ESCAPED.match(chr(code)))
STRINGS: Final = st.text(st.characters(codec=None))


def encoded(framing: Framing, *texts: str) -> bytes:
    return framing.encode([Message(text) for text in texts])


class OutgoingTests(SynchronousTestCase):
    def test_an_array_frame_is_compact(self) -> None:
        self.assertEqual(encoded(XHR, "x", "y"), b'a["x","y"]\n')

    def test_a_close_frame_is_compact(self) -> None:
        self.assertEqual(close_frame(3000, "Go away!"), b'c[3000,"Go away!"]')

    def test_every_character_that_browsers_change_is_escaped_in_small_hex(self) -> None:
        text = json.dumps(EVERY_ESCAPED[32:])[1:-1]

        self.assertEqual(text, "".join(f"\\u{ord(each):04x}" for each in EVERY_ESCAPED[32:]))
        self.assertEqual(encoded(XHR, EVERY_ESCAPED[32:]), f'a["{text}"]\n'.encode())

    def test_the_controls_may_have_jsons_short_escapes(self) -> None:
        self.assertEqual(encoded(EVENTSOURCE, "  \0\n\r "), b'data: a["  \\u0000\\n\\r "]\r\n\r\n')

    @given(st.lists(STRINGS, min_size=1))
    def test_any_messages_come_back_from_json(self, messages: list[str]) -> None:
        frame = encoded(XHR, *messages)

        self.assertEqual(json.loads(frame[1:]), [json.loads(json.dumps(each)) for each in messages])
        self.assertIsNone(MUST_BE_ESCAPED.search(frame[:-1].decode("utf-8")))

    def test_an_xhr_frame_is_a_line(self) -> None:
        self.assertEqual(XHR.wrap(b"o"), b"o\n")

    def test_an_eventsource_frame_is_an_event(self) -> None:
        self.assertEqual(EVENTSOURCE.wrap(b"o"), b"data: o\r\n\r\n")

    def test_an_eventsource_frame_has_its_percents_escaped_and_nothing_else(self) -> None:
        self.assertEqual(encoded(EVENTSOURCE, "100% %41 +&"), b'data: a["100%25 %2541 +&"]\r\n\r\n')

    def test_other_framings_leave_percents_alone(self) -> None:
        self.assertEqual(encoded(XHR, "100%"), b'a["100%"]\n')
        self.assertIn(b"100%", encoded(HTMLFILE, "100%"))

    def test_an_htmlfile_frame_is_a_script(self) -> None:
        self.assertEqual(HTMLFILE.wrap(b"o"), b'<script>\np("o");\n</script>\r\n')
        self.assertEqual(encoded(HTMLFILE, "x"), b'<script>\np("a[\\"x\\"]");\n</script>\r\n')

    def test_no_message_can_end_the_script_of_htmlfile(self) -> None:
        frame = encoded(HTMLFILE, "</script><!--")

        self.assertEqual(frame.count(b"<"), 2)
        self.assertIn(b"\\u003c/script>\\u003c!--", frame)

    @given(STRINGS)
    def test_an_htmlfile_literal_is_the_frame_when_a_browser_has_read_it(self, text: str) -> None:
        literal = encoded(HTMLFILE, text).removeprefix(b"<script>\np(").removesuffix(b");\n</script>\r\n")

        self.assertEqual(json.loads(json.loads(literal)[1:]), [json.loads(json.dumps(text))])

    def test_a_jsonp_frame_is_a_call_behind_a_comment(self) -> None:
        self.assertEqual(jsonp(b"cb").wrap(b"o"), b'/**/cb("o");\r\n')
        self.assertEqual(encoded(jsonp(b"cb"), "x"), b'/**/cb("a[\\"x\\"]");\r\n')

    def test_a_websocket_frame_is_a_text_message(self) -> None:
        self.assertEqual(WEBSOCKET.wrap(b"o"), b"\x81\x01o")

    def test_a_raw_message_is_a_text_message_each(self) -> None:
        self.assertEqual(encoded(RAW, "x", ""), b"\x81\x01x\x81\x00")

    def test_raw_has_no_frames_of_sockjs(self) -> None:
        self.assertEqual(RAW.wrap(b"h"), b"")

    def test_a_lone_surrogate_on_raw_becomes_a_question_mark(self) -> None:
        self.assertEqual(encoded(RAW, "\ud800"), b"\x81\x01?")

    def test_a_binary_message_on_raw_is_its_bytes(self) -> None:
        self.assertEqual(RAW.encode([BinaryMessage(b"\xff\x00", "cp1252")]), b"\x82\x02\xff\x00")

    def test_a_binary_message_in_a_frame_is_text(self) -> None:
        self.assertEqual(XHR.encode([BinaryMessage(b"\xe9", "cp1252")]), b'a["\\u00e9"]\n')

    def test_a_message_knows_how_many_bytes_wait(self) -> None:
        self.assertEqual(Message("é").size, len(b'"\\u00e9"'))
        self.assertEqual(BinaryMessage(b"\xff" * 9, "cp1252").size, 9)


class PostTests(SynchronousTestCase):
    def refused(self, body: bytes) -> tuple[int, str]:
        error = self.assertRaises(BadPost, decode_post, body)
        return error.status, str(error)

    def test_a_list_of_strings_is_its_messages(self) -> None:
        self.assertEqual(decode_post(b'["a", "b"]'), ["a", "b"])

    def test_an_empty_list_is_no_message(self) -> None:
        self.assertEqual(decode_post(b"[]"), [])

    def test_every_escape_is_decoded(self) -> None:
        body = "".join(f"\\u{code:04x}" for code in range(0x10000)).encode()

        self.assertEqual(decode_post(b'["' + body + b'"]'), [json.loads('"' + body.decode() + '"')])

    def test_a_lone_surrogate_is_kept(self) -> None:
        self.assertEqual(decode_post(b'["\\ud800"]'), ["\ud800"])

    def test_an_empty_body_is_refused_in_the_protocols_words(self) -> None:
        self.assertEqual(self.refused(b""), (500, "Payload expected."))

    def test_broken_json_is_refused_in_the_protocols_words(self) -> None:
        self.assertEqual(self.refused(b'["x'), (500, "Broken JSON encoding."))

    def test_json_that_is_no_list_is_refused(self) -> None:
        for body in (b"null", b"1", b"{}", b'"x"', b"true"):
            self.assertEqual(self.refused(body), (500, "Payload expected."))

    def test_a_list_of_anything_but_strings_is_refused(self) -> None:
        for body in (b"[1]", b"[null]", b'["a",{}]', b"[[]]"):
            self.assertEqual(self.refused(body), (500, "Payload expected."))

    def test_constants_that_only_python_knows_are_refused(self) -> None:
        for body in (b"[NaN]", b"[Infinity]", b"[-Infinity]"):
            self.assertEqual(self.refused(body), (500, "Broken JSON encoding."))

    def test_invalid_utf8_is_refused(self) -> None:
        self.assertEqual(self.refused(b'["\xff"]'), (500, "Broken JSON encoding."))

    def test_utf16_is_refused_though_python_would_guess_it(self) -> None:
        self.assertEqual(self.refused('["a"]'.encode("utf-16"))[0], 500)

    def test_endless_nesting_is_refused(self) -> None:
        self.assertEqual(self.refused(b"[" * 100_000), (500, "Broken JSON encoding."))

    def test_a_number_of_endless_digits_is_refused(self) -> None:
        self.assertEqual(self.refused(b"[" + b"1" * 10_000 + b"]")[0], 500)

    @given(st.binary())
    def test_any_bytes_are_messages_or_refused(self, body: bytes) -> None:
        try:
            self.assertIsInstance(decode_post(body), list)
        except BadPost as error:
            self.assertEqual(error.status, 500)


class WebSocketMessageTests(SynchronousTestCase):
    def test_a_list_is_its_messages(self) -> None:
        self.assertEqual(decode_websocket('["a","b"]'), ["a", "b"])

    def test_a_single_json_string_is_a_message(self) -> None:
        self.assertEqual(decode_websocket('"a"'), ["a"])

    def test_nothing_and_an_empty_list_are_no_message(self) -> None:
        self.assertEqual(decode_websocket(""), [])
        self.assertEqual(decode_websocket("[]"), [])

    def test_anything_else_is_refused(self) -> None:
        for text in ("null", "1", "{}", "[1]", '["a', "x", " "):
            self.assertRaises(BadPost, decode_websocket, text)
