"""Attacks: long names, floods, many requests, confusable names."""

import json
from typing import Any

from mixsvc.chat.handlers.messages import MOST_PAGES
from mixsvc.chat.handlers.rate_limits import REFUSALS_BEFORE_PAUSE
from tests.chat.cases import ChatTestCase

# Sorting these takes quadratic time in NFKC.
MARKS = "\u0345\u0315\u0300\u0323\u0321\u0335"


class LongRoomTests(ChatTestCase):
    def test_no_request_makes_a_long_name_of_a_room_cost_anything(self) -> None:
        ann = self.chat.inside("Ann")
        for type in ("join", "leave", "say", "history", "who", "delete", "kick"):
            fields: dict[str, Any] = {"room": MARKS * 5000, "text": "x", "number": 1, "name": "Bob"}

            self.assertEqual("bad_field", self.code(ann, type, **fields))

    def test_a_name_just_above_the_limit_is_no_room(self) -> None:
        ann = self.chat.inside("Ann")

        self.assertEqual("bad_room", self.code(ann, "join", room="x" * 33))
        self.assertEqual("no_such_room", self.code(ann, "who", room=MARKS * 10))

    def test_a_view_that_asks_for_such_a_room_is_refused(self) -> None:
        self.assertRaises(ValueError, self.chat.dispatcher.publish, MARKS * 10_000, "Ann", "hi")
        self.assertRaises(ValueError, self.chat.dispatcher.page, MARKS * 10_000, None, 50)


class FloodTests(ChatTestCase):
    def flood(self, data: bytes) -> bool:
        """Returns whether a client that sends this again and again is paused."""
        client = self.chat.client()
        for _ in range(REFUSALS_BEFORE_PAUSE):
            client.connection.dataReceived(data)
        return client.transport.is_paused

    def test_refusals_of_any_kind_pause_a_client(self) -> None:
        for request in ({"type": "x"}, {"type": "rooms"}, {"type": "sanctions"}, {"type": "say"}):
            self.assertTrue(self.flood(json.dumps(request).encode()), request)
        self.assertTrue(self.flood(b"{"))
        self.assertTrue(self.flood(b"\xff"))

    def test_a_client_with_some_valid_requests_is_read(self) -> None:
        client = self.chat.named("Ann")
        for _ in range(3):
            for _ in range(REFUSALS_BEFORE_PAUSE - 1):
                client.connection.dataReceived(b"{")
            client.send("rooms")

        self.assertFalse(client.transport.is_paused)


class HistoryTests(ChatTestCase):
    def test_a_clients_waiting_pages_are_limited(self) -> None:
        ann = self.chat.inside("Ann")
        for _ in range(MOST_PAGES):
            ann.send("history", room="lobby")

        self.assertEqual("busy", self.code(ann, "history", room="lobby"))

    def test_a_join_does_not_wait_for_readers_of_the_history(self) -> None:
        readers = [self.chat.inside(f"reader {number}") for number in range(60)]
        newcomer = self.chat.named("Ann")
        for reader in readers:
            reader.send("history", room="lobby")
        newcomer.send("join", room="lobby")
        self.database.step()
        self.database.step()

        self.assertEqual(1, len(newcomer.got("joined")))

    def test_flush_refuses_reads_and_stores_messages(self) -> None:
        ann, bob = self.chat.inside("Ann"), self.chat.inside("Bob")
        for client in (ann, bob):
            client.clear()
            client.send("history", room="lobby")
            client.send("history", room="lobby")
        ann.send("say", room="lobby", text="last words")
        flushed = self.chat.dispatcher.flush()
        self.database.settle()

        self.successResultOf(flushed)
        self.assertEqual([(1, "last words")], self.database.rows())
        self.assertEqual(["busy"], [each["code"] for each in bob.got("error")][:1])


class RoomTests(ChatTestCase):
    settings = {"max_rooms": 4}

    def fill(self) -> None:
        """Fill the memory with rooms that have members."""
        for room in ("one", "two"):
            self.chat.inside(f"in {room}", room)

    def test_a_room_with_messages_is_restored_even_if_memory_is_full(self) -> None:
        ann = self.chat.inside("Ann", "Plans")
        self.say(ann, "secret", room="Plans")
        ann.lose()
        self.fill()
        self.chat.restart()
        self.fill()
        zoe = self.chat.named("Zoe")

        self.assertEqual("bad_room", self.code(zoe, "join", room="PLANS"))
        (page,) = self.answer(zoe, "history", room="Plans")
        self.assertEqual(["secret"], [each["text"] for each in page["messages"]])
        self.assertEqual(1, self.join(zoe, "Plans")["last"])
        self.assertEqual("too_many_rooms", self.code(self.chat.named("Yan"), "join", room="new"))

    def test_a_name_with_invisible_characters_is_no_room(self) -> None:
        ann = self.chat.named("Ann")

        for room in ("\u1160", "lobby\u1160", "lobby\u200b", "\u2160", "a\u0600", "\u0301a"):
            self.assertEqual("bad_room", self.code(ann, "join", room=room))
        self.assertEqual("हिन्दी", self.join(ann, "हिन्दी")["room"])

    def test_a_topic_is_one_line(self) -> None:
        ann = self.chat.inside("Ann")

        for topic in ("a\x01b", "a\u202eb"):
            self.assertEqual("bad_command", self.code(ann, "say", room="lobby", text=f"/topic {topic}"))


class ListTests(ChatTestCase):
    settings = {"max_rooms": 250, "rooms": tuple(f"room{number:03}" for number in range(230))}

    def test_rooms_come_a_page_at_a_time(self) -> None:
        ann = self.chat.named("Ann")
        self.assertEqual(100, len(ann.got("welcome")[0]["rooms"]))
        found, after, more = [], None, True
        while more:
            (answer,) = self.answer(ann, "rooms", after=after)
            found += [each["room"] for each in answer["rooms"]]
            after, more = found[-1], answer["more"]

        self.assertEqual(list(self.settings["rooms"]), found)


class NameTests(ChatTestCase):
    def test_names_that_look_like_others_are_the_same_or_refused(self) -> None:
        self.chat.named("Ann Lee")
        for name in ("ann\u1680lee", "ANN\u3000LEE"):
            self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name=name))
        for name in ("\u00b4", "\u0301nn"):
            self.assertEqual("bad_name", self.code(self.chat.client(), "hello", name=name))
        for name in ("mixsvc", "RATES"):
            self.assertEqual("name_taken", self.code(self.chat.client(), "hello", name=name))
