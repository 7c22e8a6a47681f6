"""Events as JSON text."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import RequestRefused, refusal
from mixsvc.chat.protocol.requests import Say
from mixsvc.interfaces import ChatMessage, ChatPage
from tests.chat.fakes import NOW

STORED = ChatMessage(41, "Bob", "anyone here?", NOW + 0.123)


class EventTests(SynchronousTestCase):
    def test_a_message_is_compact_and_keeps_its_characters(self) -> None:
        text = events.message("lobby", STORED, "41.f")

        expected = '{"type":"message","room":"lobby","number":41,"name":"Bob","text":"anyone here?"'
        self.assertEqual(expected + ',"time":"2026-11-22T15:43:00.123Z","token":"41.f"}', text)
        self.assertIn("🦊é", events.came("lobby", "🦊é"))

    @given(st.text(), st.text(), st.text())
    def test_any_text_is_written_as_the_encoder_of_json_writes_it(self, name: str, text: str, key: str) -> None:
        message = replace(STORED, name=name, text=text)

        said = [events.message(name, message, key), events.said(name, 7, key)]

        expected = (
            {"type": "message", "room": name, **message.as_json(), "token": key},
            {"type": "said", "room": name, "number": 7, "key": key},
        )
        self.assertEqual([json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in expected], said)

    def test_joined_has_members_messages_and_bounds(self) -> None:
        changed = replace(STORED, number=2, is_edited=True)
        page = ChatPage((STORED,), 1, 41, deleted=(3,), epoch="e", token="41.f", edited=(changed,))
        found = json.loads(events.joined("lobby", ["Ann", "Bob"], 120, "May", page))

        entry = {"number": 41, "name": "Bob", "text": "anyone here?", "time": "2026-11-22T15:43:00.123Z"}
        expected: dict[str, object] = {
            "type": "joined",
            "room": "lobby",
            "members": ["Ann", "Bob"],
            "messages": [entry],
        }
        expected.update({"count": 120, "topic": "May", "deleted": [3]})
        edited = {**entry, "number": 2, "edited": True}
        expected["edited"] = [edited]
        history = {"epoch": "e", "token": "41.f", "reset": False}
        self.assertEqual({**expected, "first": 1, "last": 41, **history}, found)

    def test_a_whole_second_has_its_milliseconds_too(self) -> None:
        self.assertIn('"2026-11-22T15:43:00.000Z"', events.message("lobby", ChatMessage(1, "Ann", "hi", NOW), ""))

    def test_said_has_a_key_only_if_one_was_given(self) -> None:
        self.assertEqual('{"type":"said","room":"lobby","number":42,"key":"k"}', events.said("lobby", 42, "k"))
        self.assertEqual('{"type":"said","room":"lobby","number":42}', events.said("lobby", 42, None))

    def test_the_short_ones_are_as_documented(self) -> None:
        self.assertEqual(
            '{"type":"welcome","name":"Ann","rooms":["lobby"],"max_text":2000,"moderator":true,"epoch":"e"}',
            events.welcome("Ann", ["lobby"], 2000, True, "e"),
        )
        self.assertEqual('{"type":"left","room":"lobby"}', events.left("lobby"))
        self.assertEqual('{"type":"came","room":"lobby","name":"Ann"}', events.came("lobby", "Ann"))
        self.assertEqual('{"type":"went","room":"lobby","name":"Ann"}', events.went("lobby", "Ann"))

    def test_an_error_has_only_the_fields_that_apply(self) -> None:
        full = events.error(refusal(Say("a", "b", "k"), "not_saved", "Sorry.", suggestion="Ann2", wait=3))
        bare = events.error(RequestRefused("bad_json", "No."))

        expected = {"type": "error", "code": "not_saved", "text": "Sorry.", "of": "say", "room": "a", "key": "k"}
        self.assertEqual({**expected, "suggestion": "Ann2", "wait": 3}, json.loads(full))
        self.assertEqual('{"type":"error","code":"bad_json","text":"No."}', bare)

    def test_kind_and_deleted_are_present_only_if_they_apply(self) -> None:
        action = json.loads(events.message("lobby", ChatMessage(1, "Ann", "waves", NOW, "action"), ""))
        deleted = json.loads(events.message("lobby", ChatMessage(1, "Ann", "", NOW, is_deleted=True), ""))

        self.assertEqual(("action", False), (action["kind"], "deleted" in action))
        self.assertEqual((True, False), (deleted["deleted"], "kind" in deleted))

    def test_an_edited_message_has_the_time_of_the_edit_where_it_is_known(self) -> None:
        said = STORED.with_text("new", NOW + 0.5)
        at = "2026-11-22T15:43:00.500Z"

        self.assertEqual((True, at), (said.as_json()["edited"], said.as_json()["edited_at"]))
        self.assertEqual({"edited"}, {"edited", "edited_at"} & STORED.with_text("new", None).as_json().keys())
        self.assertEqual(at, json.loads(events.edited("lobby", 41, "new", NOW + 0.5))["edited_at"])
        self.assertNotIn("edited_at", json.loads(events.edited("lobby", 41, "new", None)))
        self.assertFalse({"edited", "edited_at"} & said.without_text().as_json().keys())

    def test_presence_has_no_members_in_a_large_room(self) -> None:
        self.assertEqual('{"type":"presence","room":"a","count":500}', events.presence("a", 500, None))
        self.assertEqual('{"type":"presence","room":"a","count":1,"members":["Ann"]}', events.presence("a", 1, ["Ann"]))
