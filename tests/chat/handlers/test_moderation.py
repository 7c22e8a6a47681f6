"""Deletions and kicks, who may moderate, and the audit log."""

from typing import Any

from twisted.logger import capturedLogs, formatEvent

from mixsvc.config.parsers import Moderator
from mixsvc.interfaces import Identity
from tests.chat.cases import ChatTestCase

ALL: list[tuple[str, dict[str, Any]]] = [
    ("kick", {"room": "lobby", "name": "Bob"}),
    ("mute", {"name": "Bob"}),
    ("unmute", {"name": "Bob"}),
    ("ban", {"name": "Bob"}),
    ("unban", {"name": "Bob"}),
    ("sanctions", {}),
    ("edits", {"room": "lobby", "number": 1}),
    ("audit", {}),
]

# Those that change something, each of which can be done after the ones before.
CHANGES = [("delete", {"room": "lobby", "number": 1}), *ALL[:5]]


class ModerationTestCase(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.bob, self.cid = self.chat.inside("Bob", address="192.0.2.7"), self.chat.inside("Cid")
        self.say(self.bob, "hi", "there")
        self.mia = self.chat.moderator()
        for client in (self.bob, self.cid, self.mia):
            client.clear()


class RightsTests(ModerationTestCase):
    settings = {"moderators": (Moderator("Max", "hash"),)}

    def test_only_moderators_may_moderate(self) -> None:
        for type, fields in ALL:
            self.assertEqual("not_allowed", self.code(self.cid, type, **fields))
        self.assertEqual([], self.bob.got())
        self.assertEqual([], self.database.asked)

    def test_moderators_are_immune_whether_they_are_here_or_not(self) -> None:
        self.chat.moderator("Mara")
        for name in ("Mia", "mara", "MAX"):
            for type in ("kick", "mute", "ban"):
                self.assertEqual("not_allowed", self.code(self.mia, type, room="lobby", name=name))

    def test_unknown_names_and_addresses_are_no_such_person(self) -> None:
        nobody: list[tuple[str, dict[str, Any]]] = [
            ("kick", {"room": "lobby", "name": "Zoe"}),
            ("kick", {"room": "den", "name": "Bob"}),
            ("mute", {"name": "\u202e"}),
            ("unmute", {"name": "Bob"}),
            ("ban", {"name": " "}),
            ("ban", {"address": "192.0.2"}),
            ("unban", {"name": "Bob"}),
            ("unban", {"address": "192.0.2.7"}),
        ]
        for type, fields in nobody:
            self.assertEqual("no_such_person", self.code(self.mia, type, **fields))
        self.assertEqual("no_such_room", self.code(self.mia, "kick", room="-", name="Bob"))

    def test_the_log_says_who_did_what_to_whom_and_where(self) -> None:
        with capturedLogs() as events:
            for type, fields in CHANGES:
                self.done(self.mia, type, **fields)

        self.assertEqual(
            [
                "chat: 'Mia' did delete: '1' in 'lobby'",
                "chat: 'Mia' did kick: 'Bob' in 'lobby'",
                "chat: 'Mia' did mute: 'Bob'",
                "chat: 'Mia' did unmute: 'Bob'",
                "chat: 'Mia' did ban: 'Bob'",
                "chat: 'Mia' did unban: 'Bob'",
            ],
            [line for line in map(formatEvent, events) if " did " in line],
        )

    def test_when_the_database_fails_nothing_happens(self) -> None:
        self.done(self.mia, "mute", name="Cid")
        self.done(self.mia, "ban", name="Zoe")
        self.bob.clear()
        self.cid.clear()
        undone = [*CHANGES[:3], ("ban", {"name": "Bob"}), ("unmute", {"name": "Cid"}), ("unban", {"name": "Zoe"})]
        for type, fields in undone:
            self.mia.clear()
            self.mia.send(type, **fields)
            self.database.fail()
            self.assertEqual([("not_saved", type)], [(each["code"], each["of"]) for each in self.mia.got()])

        self.assertEqual([[], []], [self.bob.got(), self.cid.got()])
        self.assertEqual([(1, "hi"), (2, "there")], self.database.rows())
        (sanctions,) = self.answer(self.mia, "sanctions")
        self.assertEqual([("mute", "Cid"), ("ban", "Zoe")], [(s["kind"], s["name"]) for s in sanctions["sanctions"]])
        (audit,) = self.answer(self.mia, "audit")
        self.assertEqual(2, len(audit["entries"]))

    def test_a_moderators_waiting_requests_are_limited(self) -> None:
        for _ in range(64):
            self.mia.send("kick", room="lobby", name="Bob")

        self.assertEqual("not_saved", self.code(self.mia, "kick", room="lobby", name="Bob"))
        self.assertEqual("busy", self.code(self.mia, "audit"))


class DeleteTests(ModerationTestCase):
    def test_a_deleted_topic_is_no_longer_the_rooms_topic(self) -> None:
        mia, ann = self.chat.moderator(), self.chat.inside("Ann")
        for text in ("/topic fine", "/topic rude", "/topic fine"):
            ann.send("say", room="lobby", text=text)
        self.chat.database.settle()
        first, rude, fine = (each["number"] for each in ann.got("said"))
        for number, left in ((first, "fine"), (rude, "fine"), (fine, "")):
            mia.send("delete", room="lobby", number=number)
            self.chat.database.settle()

            self.assertEqual(left, ann.got("deleted")[-1]["topic"])
            self.assertEqual(left, self.chat.inside(f"Bob {number}").got("joined")[0]["topic"])

    def test_all_members_learn_of_a_deletion_and_the_text_is_gone_from_the_database(self) -> None:
        self.done(self.mia, "delete", room="lobby", number=1)

        deleted = {"type": "deleted", "room": "lobby", "number": 1, "by": "Mia", "topic": ""}
        self.assertEqual([[deleted], [deleted]], [self.bob.got(), self.cid.got()])
        self.assertIn(deleted, self.mia.got())
        self.assertEqual([(1, ""), (2, "there")], self.database.rows())

    def test_later_pages_show_a_deletion_without_the_text(self) -> None:
        self.done(self.mia, "delete", room="lobby", number=1)
        self.chat.restart()
        zoe = self.chat.inside("Zoe")
        (page,) = self.answer(zoe, "history", room="lobby")

        first = page["messages"][0]
        self.assertEqual((1, "", True), (first["number"], first["text"], first["deleted"]))
        self.assertNotIn("deleted", page["messages"][1])
        self.assertEqual([], self.join(self.chat.named("Yan"), since=0)["deleted"])

    def test_a_client_that_comes_back_learns_which_messages_were_deleted(self) -> None:
        self.cid.lose()
        self.say(self.bob, "more")
        for number in (2, 3):
            self.done(self.mia, "delete", room="lobby", number=number)

        joined = self.join(self.chat.named("Cid"), since=2)

        self.assertEqual([2], joined["deleted"])
        self.assertEqual([(3, True)], [(each["number"], each["deleted"]) for each in joined["messages"]])

    def test_a_missing_or_deleted_message_is_no_such_message(self) -> None:
        self.done(self.mia, "delete", room="lobby", number=1)
        for fields in ({"number": 1}, {"number": 9}, {"number": 1, "room": "den"}, {"number": 1, "room": "a\0"}):
            (error,) = self.answer(self.mia, "delete", **{"room": "lobby", **fields})
            self.assertEqual("no_such_message", error["code"])
        self.assertEqual(1, len(self.bob.got()))

    def test_a_page_that_was_read_before_a_deletion_comes_before_it(self) -> None:
        zoe = self.chat.named("Zoe")
        zoe.send("join", room="lobby")
        self.mia.send("delete", room="lobby", number=1)
        self.database.settle()

        self.assertEqual(["welcome", "joined", "deleted"], [each["type"] for each in zoe.got()])

    def test_a_deleted_message_that_is_sent_again_is_acknowledged_but_not_broadcast(self) -> None:
        self.bob.send("say", room="lobby", text="rude", key="k")
        self.database.settle()
        self.done(self.mia, "delete", room="lobby", number=3)

        answers = self.answer(self.bob, "say", room="lobby", text="rude", key="k")

        self.assertEqual([{"type": "said", "room": "lobby", "number": 3, "key": "k"}], answers)


class KickTests(ModerationTestCase):
    def test_a_kicked_person_is_outside_in_every_window_and_all_are_told(self) -> None:
        token = "0123456789abcdef"
        windows = [self.chat.inside("Zoe", token=token) for _ in range(2)]
        for client in (self.bob, *windows):
            client.clear()
        self.done(self.mia, "kick", room="lobby", name="zoe", reason="loud")
        self.say(self.bob, "quiet now")

        kicked = {"type": "kicked", "room": "lobby", "name": "Zoe", "by": "Mia", "reason": "loud"}
        self.assertEqual([[kicked], [kicked]], [each.got() for each in windows])
        self.assertEqual(["kicked", "said", "message"], [each["type"] for each in self.bob.got()])
        self.assertEqual(["Bob", "Cid", "Mia"], self.chat.dispatcher.members("lobby"))

    def test_a_kicked_person_may_join_again(self) -> None:
        self.done(self.mia, "kick", room="lobby", name="Bob")

        self.assertEqual("not_inside", self.code(self.bob, "say", room="lobby", text="hey"))
        self.assertEqual("lobby", self.join(self.bob)["room"])
        self.assertEqual(1, len(self.cid.got("came")))

    def test_a_window_that_is_joining_is_kicked_too(self) -> None:
        token = "0123456789abcdef"
        inside, joining = self.chat.inside("Zoe", token=token), self.chat.named("Zoe", token=token)
        self.mia.send("kick", room="lobby", name="Zoe")
        joining.clear()
        joining.send("join", room="lobby")
        self.database.settle()

        self.assertEqual("kicked", joining.got()[-1]["type"])
        self.assertEqual(["Bob", "Cid", "Mia"], self.chat.dispatcher.members("lobby"))
        self.assertEqual("kicked", inside.got()[-1]["type"])

    def test_an_empty_room_is_forgotten_after_its_last_member_is_kicked(self) -> None:
        self.join(self.bob, "attic")
        self.done(self.mia, "kick", room="attic", name="Bob")

        self.assertEqual({"lobby": 3, "den": 0}, self.rooms())

    def test_a_person_who_left_before_the_kick_stays_outside(self) -> None:
        self.join(self.bob, "attic")
        self.mia.send("kick", room="attic", name="Bob")
        self.bob.send("leave", room="attic")
        self.database.settle()

        self.assertEqual({"type": "done", "of": "kick"}, self.mia.got()[-1])
        self.assertEqual({"lobby": 3, "den": 0}, self.rooms())


class AuditTests(ModerationTestCase):
    def test_the_log_says_who_did_what_to_whom_and_survives_a_restart(self) -> None:
        for type, fields in CHANGES:
            self.done(self.mia, type, reason=f"for {type}", **fields)
        self.chat.restart()
        (audit,) = self.answer(self.chat.moderator("Mara"), "audit")

        seen = [(each["number"], each["action"], each["target"], each.get("room")) for each in audit["entries"]]
        first = [(1, "delete", "1", "lobby"), (2, "kick", "Bob", "lobby"), (3, "mute", "Bob", None)]
        then = [(4, "unmute", "Bob", None), (5, "ban", "Bob", None), (6, "unban", "Bob", None)]
        self.assertEqual([*first, *then], seen[::-1])
        self.assertEqual({"Mia"}, {each["by"] for each in audit["entries"]})
        kick = audit["entries"][4]
        self.assertEqual(("for kick", "2026-11-22T15:43:00.000Z"), (kick["reason"], kick["time"]))

    def test_it_is_read_a_page_at_a_time(self) -> None:
        for _ in range(3):
            self.done(self.mia, "mute", name="Bob")

        (page,) = self.answer(self.mia, "audit", before=3, limit=1)

        self.assertEqual([2], [each["number"] for each in page["entries"]])

    def test_a_log_that_cannot_be_read_is_busy(self) -> None:
        self.mia.send("audit")
        self.failing()

        self.assertEqual("busy", self.mia.got()[0]["code"])

    def test_a_request_takes_effect_even_if_the_moderator_has_left(self) -> None:
        self.mia.send("mute", name="Bob")
        self.mia.lose()
        self.database.settle()

        self.assertEqual("muted", self.code(self.bob, "say", room="lobby", text="hey"))


class NamedModeratorTests(ChatTestCase):
    settings = {"moderators": (Moderator("Mia", ""),), "authenticator": "yours.auth:who"}

    def test_a_person_named_in_the_settings_may_moderate(self) -> None:
        mia = self.chat.inside("Mia", identity=Identity("m", "Mia"))
        self.say(mia, "hi")

        self.done(mia, "delete", room="lobby", number=1)
