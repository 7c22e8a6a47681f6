"""Requests from JSON text: every field, its limits, and how bad messages are refused."""

import json

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import DAY, FOUND, LONGEST_REASON, MOST_PAIRS, PAGE, REQUESTS, RequestRefused, parse
from mixsvc.chat.protocol.requests import (
    Audit,
    Ban,
    Delete,
    Edit,
    Edits,
    Hello,
    History,
    Join,
    Kick,
    Leave,
    ListRooms,
    ListSanctions,
    Mute,
    Ping,
    Request,
    Say,
    Search,
    Subscribe,
    Unban,
    Unmute,
    Who,
)


def refused(data: bytes) -> RequestRefused:
    try:
        request = parse(data)
    except RequestRefused as error:
        return error
    raise AssertionError(f"{request} was taken")


class ParseTests(SynchronousTestCase):
    def test_each_type_has_its_class(self) -> None:
        self.assertEqual(Hello("Ann"), parse(b'{"type": "hello", "name": "Ann"}'))
        self.assertEqual(Join("lobby", 3), parse(b'{"type": "join", "room": "lobby", "since": 3}'))
        self.assertEqual(Leave("lobby"), parse(b'{"type": "leave", "room": "lobby"}'))
        self.assertEqual(Say("lobby", "hi", "k"), parse(b'{"type":"say","room":"lobby","text":"hi","key":"k"}'))

    def test_each_type_of_the_later_ones_has_its_class_too(self) -> None:
        expected: dict[str, Request] = {
            '"hello","name":"Ann","token":"0123456789abcdef"': Hello("Ann", "0123456789abcdef"),
            '"history","room":"a","before":7,"limit":200': History("a", 7, 200),
            '"search","text":"a b","room":"a","before":{"a":7},"limit":50,"key":"k"': Search(
                "a b", "a", (("a", 7),), 50, "k"
            ),
            '"search","text":"x"': Search("x", None, None, FOUND, None),
            '"rooms","after":"lobby"': ListRooms("lobby"),
            '"who","room":"a","after":"Bob"': Who("a", "Bob"),
            '"subscribe","pairs":["EUR/USD","x"]': Subscribe(("EUR/USD", "x")),
            '"edit","room":"a","number":1,"text":"hi"': Edit("a", 1, "hi"),
            '"delete","room":"a","number":1': Delete("a", 1),
            '"edits","room":"a","number":1': Edits("a", 1),
            '"kick","room":"a","name":"Bob","reason":"why"': Kick("a", "Bob", "why"),
            '"mute","name":"Bob","seconds":60,"reason":"why"': Mute("Bob", 60, "why"),
            '"unmute","name":"Bob"': Unmute("Bob"),
            '"ban","name":"Bob","seconds":31536000': Ban("Bob", "", 31_536_000, ""),
            '"ban","address":"192.0.2.7"': Ban("", "192.0.2.7", DAY, ""),
            '"unban","name":"Bob","address":null': Unban("Bob", ""),
            '"sanctions"': ListSanctions(),
            '"audit","before":3': Audit(3, PAGE),
            '"ping"': Ping(),
        }
        for data, request in expected.items():
            self.assertEqual(request, parse(f'{{"type":{data}}}'.encode()))
        self.assertEqual(set(REQUESTS), {each.type for each in expected.values()} | {"join", "leave", "say"})

    def test_one_beyond_each_bound_is_a_bad_field(self) -> None:
        pairs = json.dumps(["EUR/USD"] * (MOST_PAIRS + 1))
        for data in (
            '"hello","token":"0123456789abcde"',
            f'"hello","token":"{"x" * 65}"',
            f'"hello","token":"{"x" * 20}\\u0000"',
            '"history","room":"a","limit":0',
            '"history","room":"a","limit":201',
            '"history","room":"a","before":0',
            '"search"',
            '"search","text":"x","limit":51',
            '"search","text":"x","before":[]',
            '"search","text":"x","before":{"a":null}',
            f'"who","room":"a","after":"{"x" * 65}"',
            f'"subscribe","pairs":{pairs}',
            '"subscribe","pairs":[1]',
            '"subscribe"',
            '"delete","room":"a"',
            '"delete","room":"a","number":0',
            '"mute","name":"Bob","seconds":59',
            '"mute","name":"Bob","seconds":31536001',
            f'"kick","room":"a","name":"Bob","reason":"{"x" * (LONGEST_REASON + 1)}"',
            '"ban"',
            '"ban","name":"Bob","address":"192.0.2.7"',
            '"unban","address":5',
            '"audit","limit":201',
        ):
            self.assertEqual("bad_field", refused(f'{{"type":{data}}}'.encode()).code, data)

    def test_optional_fields_may_be_missing_or_null(self) -> None:
        self.assertEqual(Join("lobby", None), parse(b'{"type": "join", "room": "lobby"}'))
        self.assertEqual(Hello(None, None), parse(b'{"type": "hello", "name": null}'))
        self.assertEqual(Join("lobby", None), parse(b'{"type": "join", "room": "lobby", "since": null}'))
        self.assertEqual(Say("lobby", "hi", None), parse(b'{"type":"say","room":"lobby","text":"hi","key":null}'))

    def test_unknown_fields_are_ignored(self) -> None:
        self.assertEqual(Leave("lobby"), parse(b'{"type": "leave", "room": "lobby", "color": [{}]}'))

    def test_anything_but_a_json_object_with_a_type_is_bad_json(self) -> None:
        for data in (b"", b"{", b"[]", b"1", b'"hello"', b"null", b"{}", b'{"type": 1}', b'{"type": ["say"]}', b"\xff"):
            self.assertEqual("bad_json", refused(data).code, data)

    def test_json_that_only_some_readers_accept_is_bad_json(self) -> None:
        for value in ("NaN", "Infinity", "-Infinity", "9" * 5000, "[" * 60_000, '{"a":' * 10_000, "'x'", "01"):
            self.assertEqual("bad_json", refused(f'{{"type": "leave", "room": {value}}}'.encode()).code, value[:20])

    def test_an_unknown_type_is_repeated_shortened(self) -> None:
        error = refused(json.dumps({"type": "shout" * 100}).encode())

        self.assertEqual(("unknown_type", ("shout" * 7)[:32]), (error.code, error.more["of"]))

    def test_a_field_error_says_which_field_of_what(self) -> None:
        error = refused(b'{"type": "say", "room": "lobby", "key": "k"}')

        self.assertEqual(("bad_field", "say", "k"), (error.code, error.more["of"], error.more["key"]))
        self.assertIn("text", error.text)

    def test_fields_of_the_wrong_type_are_refused(self) -> None:
        for data in (
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
        for key in ("", "k" * 65, "k\0", 5, True):
            error = refused(_say(key=key))
            self.assertEqual(("bad_field", None), (error.code, error.more.get("key")))

    def test_lone_surrogates_become_replacement_characters(self) -> None:
        self.assertEqual(Say("a", "x\ufffdy\ufffd", "\ufffd"), parse(_say(text="x\ud800y\udc00", key="\udfff")))

    def test_surrogates_as_bytes_are_joined_or_replaced(self) -> None:
        data = '{"type":"hello","name":"\ud83d\ude00\ud83d"}'.encode("utf-8", "surrogatepass")

        self.assertEqual(Hello("\U0001f600\ufffd"), parse(data))

    @given(st.binary())
    def test_any_bytes_are_parsed_or_refused(self, data: bytes) -> None:
        self.check(data)

    @given(st.text(st.characters(codec=None)))
    def test_any_text_is_parsed_or_refused(self, text: str) -> None:
        self.check(text.encode("utf-8", "surrogatepass"))

    @given(
        st.dictionaries(
            st.sampled_from(["type", "name", "room", "since", "text", "key", "number", "address", "pairs", "x"]),
            st.sampled_from(sorted(REQUESTS))
            | st.text(st.characters(codec=None))
            | st.recursive(st.none() | st.booleans() | st.floats() | st.integers(), st.lists),
        )
    )
    @example({"type": "\ud800"})
    def test_any_object_is_parsed_or_refused(self, fields: dict[str, object]) -> None:
        self.check(json.dumps(fields).encode())

    def check(self, data: bytes) -> None:
        """A message gives a request or a refusal, and neither holds a surrogate."""
        try:
            request = parse(data)
        except RequestRefused as error:
            self.assertIn(error.code, ("bad_json", "unknown_type", "bad_field"))
            self.assertEqual("error", json.loads(events.error(error).encode())["type"])
        else:
            self.assertIsInstance(request, Request)
            self.assertNotRegex(repr(request), "[\ud800-\udfff]")


def _say(**fields: object) -> bytes:
    return json.dumps({"type": "say", "room": "a", "text": "hi", **fields}).encode()
