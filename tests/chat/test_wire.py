import json

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat import wire
from mixsvc.chat.store import Page, Stored
from mixsvc.chat.wire import Hello, Join, Leave, Say, WireError, parse, refusal
from tests.chat.fakes import NOW

STORED = Stored(41, "Bob", "anyone here?", NOW + 0.123)


def refused(data: bytes) -> WireError:
    try:
        request = parse(data)
    except WireError as error:
        return error
    raise AssertionError(f"{request} was taken")


class ParseTests(SynchronousTestCase):
    def test_each_type_has_its_class(self) -> None:
        self.assertEqual(Hello("Ann"), parse(b'{"type": "hello", "name": "Ann"}'))
        self.assertEqual(Join("lobby", 3), parse(b'{"type": "join", "room": "lobby", "since": 3}'))
        self.assertEqual(Leave("lobby"), parse(b'{"type": "leave", "room": "lobby"}'))
        self.assertEqual(Say("lobby", "hi", "k"), parse(b'{"type":"say","room":"lobby","text":"hi","key":"k"}'))

    def test_optional_fields_may_be_missing_or_null(self) -> None:
        self.assertEqual(Join("lobby", None), parse(b'{"type": "join", "room": "lobby"}'))
        self.assertEqual(Join("lobby", None), parse(b'{"type": "join", "room": "lobby", "since": null}'))
        self.assertEqual(Say("lobby", "hi", None), parse(b'{"type":"say","room":"lobby","text":"hi","key":null}'))

    def test_unknown_fields_are_ignored(self) -> None:
        self.assertEqual(Leave("lobby"), parse(b'{"type": "leave", "room": "lobby", "color": [{}]}'))

    def test_what_is_no_json_object_with_a_type_is_bad_json(self) -> None:
        for data in (b"", b"{", b"[]", b"1", b'"hello"', b"null", b"{}", b'{"type": 1}', b'{"type": ["say"]}', b"\xff"):
            self.assertEqual("bad_json", refused(data).code, data)

    def test_what_only_some_readers_take_is_bad_json(self) -> None:
        for value in ("NaN", "Infinity", "-Infinity", "9" * 5000, "[" * 60_000, '{"a":' * 10_000, "'x'", "01"):
            self.assertEqual("bad_json", refused(f'{{"type": "leave", "room": {value}}}'.encode()).code, value[:20])

    def test_an_unknown_type_is_told_back_cut_short(self) -> None:
        error = refused(json.dumps({"type": "shout" * 100}).encode())

        self.assertEqual(("unknown_type", ("shout" * 7)[:32]), (error.code, error.of))

    def test_a_field_error_says_which_field_of_what(self) -> None:
        error = refused(b'{"type": "say", "room": "lobby", "key": "k"}')

        self.assertEqual(("bad_field", "say", "k"), (error.code, error.of, error.key))
        self.assertIn("text", error.text)

    def test_fields_of_the_wrong_type_are_refused(self) -> None:
        for data in (
            b'{"type": "hello"}',
            b'{"type": "hello", "name": 5}',
            b'{"type": "join", "room": ["lobby"]}',
            b'{"type": "leave"}',
            b'{"type": "say", "room": "lobby", "text": null}',
        ):
            self.assertEqual("bad_field", refused(data).code, data)

    def test_since_is_a_whole_number_that_json_keeps(self) -> None:
        self.assertEqual(Join("a", 2**53 - 1), parse(b'{"type":"join","room":"a","since":9007199254740991}'))
        for since in ("-1", "9007199254740992", "1" * 400, "1.0", "1e3", "1e999", "true", "false", '"1"', "[]"):
            data = f'{{"type":"join","room":"a","since":{since}}}'.encode()
            self.assertEqual("bad_field", refused(data).code, since[:20])

    def test_a_key_has_1_to_64_characters(self) -> None:
        self.assertEqual(Say("a", "hi", "k" * 64), parse(_say(key="k" * 64)))
        for key in ("", "k" * 65, 5, True):
            error = refused(_say(key=key))
            self.assertEqual(("bad_field", None), (error.code, error.key))

    def test_lone_surrogates_become_replacement_characters(self) -> None:
        self.assertEqual(Say("a", "x\ufffdy\ufffd", "\ufffd"), parse(_say(text="x\ud800y\udc00", key="\udfff")))

    def test_surrogates_as_bytes_are_joined_or_replaced(self) -> None:
        data = '{"type":"hello","name":"\ud83d\ude00\ud83d"}'.encode("utf-8", "surrogatepass")

        self.assertEqual(Hello("\U0001f600\ufffd"), parse(data))

    @given(st.binary())
    def test_bytes_raise_nothing_but_wire_error(self, data: bytes) -> None:
        _parse_anything(data)

    @given(st.text(st.characters(codec=None)))
    def test_text_raises_nothing_but_wire_error(self, text: str) -> None:
        _parse_anything(text.encode("utf-8", "surrogatepass"))

    @given(
        st.dictionaries(
            st.sampled_from(["type", "name", "room", "since", "text", "key", "x"]),
            st.sampled_from(["hello", "join", "leave", "say"])
            | st.text(st.characters(codec=None))
            | st.recursive(st.none() | st.booleans() | st.floats() | st.integers(), st.lists),
        )
    )
    @example({"type": "\ud800"})
    def test_objects_raise_nothing_but_wire_error(self, fields: dict[str, object]) -> None:
        _parse_anything(json.dumps(fields).encode())


class ServerMessageTests(SynchronousTestCase):
    def test_a_message_is_compact_and_keeps_its_characters(self) -> None:
        text = wire.message("lobby", STORED)

        expected = '{"type":"message","room":"lobby","number":41,"name":"Bob","text":"anyone here?"'
        self.assertEqual(expected + ',"time":"2026-11-22T15:43:00.123Z"}', text)
        self.assertIn("🦊é", wire.came("lobby", "🦊é"))

    def test_joined_tells_members_messages_and_bounds(self) -> None:
        found = json.loads(wire.joined("lobby", ("Ann", "Bob"), Page((STORED,), 1, 41)))

        entry = {"number": 41, "name": "Bob", "text": "anyone here?", "time": "2026-11-22T15:43:00.123Z"}
        expected = {"type": "joined", "room": "lobby", "members": ["Ann", "Bob"], "messages": [entry]}
        self.assertEqual({**expected, "first": 1, "last": 41}, found)

    def test_a_whole_second_has_its_milliseconds_too(self) -> None:
        self.assertIn('"2026-11-22T15:43:00.000Z"', wire.message("lobby", Stored(1, "Ann", "hi", NOW)))

    def test_said_has_a_key_only_if_one_was_given(self) -> None:
        self.assertEqual('{"type":"said","room":"lobby","number":42,"key":"k"}', wire.said("lobby", 42, "k"))
        self.assertEqual('{"type":"said","room":"lobby","number":42}', wire.said("lobby", 42, None))

    def test_the_short_ones_are_as_documented(self) -> None:
        self.assertEqual(
            '{"type":"welcome","name":"Ann","rooms":["lobby"],"max_text":2000}', wire.welcome("Ann", ("lobby",), 2000)
        )
        self.assertEqual('{"type":"left","room":"lobby"}', wire.left("lobby"))
        self.assertEqual('{"type":"came","room":"lobby","name":"Ann"}', wire.came("lobby", "Ann"))
        self.assertEqual('{"type":"went","room":"lobby","name":"Ann"}', wire.went("lobby", "Ann"))

    def test_an_error_tells_what_it_has(self) -> None:
        full = wire.error(refusal(Say("a", "b", "k"), "not_saved", "Sorry.", "Ann2"))
        bare = wire.error(WireError("bad_json", "No."))

        expected = {"type": "error", "code": "not_saved", "text": "Sorry.", "of": "say", "key": "k"}
        self.assertEqual({**expected, "suggestion": "Ann2"}, json.loads(full))
        self.assertEqual('{"type":"error","code":"bad_json","text":"No."}', bare)


def _say(**fields: object) -> bytes:
    return json.dumps({"type": "say", "room": "a", "text": "hi", **fields}).encode()


def _parse_anything(data: bytes) -> None:
    try:
        answer = repr(parse(data))
    except WireError as error:
        answer = wire.error(error)
    # No surrogate is left in either.
    answer.encode()
