"""What incoming webhooks write in the chat."""

from twisted.internet.defer import Deferred

from mixsvc.chat.storage.records import StoredMessage
from mixsvc.errors import NoSuchRoom, TooFast
from tests.chat.cases import ChatTestCase


class HookPostTests(ChatTestCase):
    settings = {"hook_rate": 0.5, "hook_burst": 2, "open_rooms": False}

    def deliver(self, text: str = "done", delivery: str | None = None, **more: str) -> "Deferred[StoredMessage]":
        given = {"hook": "ci", "room": "lobby", "name": "CI (hook)", **more}
        return self.chat.dispatcher.deliver(given["hook"], given["room"], given["name"], text, delivery)

    def test_a_message_is_stored_before_it_is_acknowledged_and_marked_wherever_it_is_shown(self) -> None:
        ann = self.chat.inside("Ann")
        delivered = self.deliver()
        self.assertNoResult(delivered)
        self.database.settle()

        self.assertEqual(1, self.successResultOf(delivered).message.number)
        (message,) = ann.got("message")
        self.assertEqual(("CI (hook)", "done", "hook"), (message["name"], message["text"], message["kind"]))
        self.assertEqual("hook", self.join(self.chat.named("Bob"))["messages"][0]["kind"])

    def test_a_repeated_delivery_is_stored_and_told_once(self) -> None:
        ann = self.chat.inside("Ann")
        first, again = self.deliver(delivery="a"), self.deliver(delivery="a")
        self.database.settle()

        self.assertEqual([1, 1], [self.successResultOf(each).message.number for each in (first, again)])
        self.assertEqual(1, len(ann.got("message")))

    def test_webhooks_do_not_know_each_others_deliveries_nor_a_client_theirs(self) -> None:
        ann = self.chat.inside("Ann")
        ann.send("say", room="lobby", text="mine", key="a")
        for hook in ("ci", "cd"):
            self.deliver(hook=hook, delivery="a")
        self.database.settle()

        self.assertEqual(3, len(ann.got("message")))

    def test_each_webhook_has_a_rate_of_its_own(self) -> None:
        for _ in range(2):
            self.deliver()
        wait = self.assertRaises(TooFast, self.deliver).seconds
        self.deliver(hook="other")
        self.chat.clock.advance(wait)
        self.deliver()
        self.assertRaises(TooFast, self.deliver)

    def test_a_webhook_cannot_write_under_the_name_of_a_person_nor_make_a_room_where_none_may_be_made(self) -> None:
        self.assertRaises(ValueError, self.deliver, name="Ann")
        self.assertRaises(NoSuchRoom, self.deliver, room="other")

    def test_a_person_cannot_have_a_name_that_looks_like_a_webhooks(self) -> None:
        for name in ("CI (hook)", "ci(HOOK)", "CI （ｈｏｏｋ）"):
            stranger = self.chat.client()
            self.assertEqual("bad_name", self.code(stranger, "hello", name=name))
            self.assertRaises(ValueError, self.chat.dispatcher.claim, name, "p")
