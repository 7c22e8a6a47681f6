"""Broadcasts that lose some of the connections or fail."""

from tests.chat.cases import ChatTestCase


class BroadcastTests(ChatTestCase):
    settings = {"large_room": 1000}

    def test_members_lost_by_a_broadcast_leave_one_after_the_other(self) -> None:
        """Each `went` goes to the others and loses the next one: nested, many would overflow the stack."""
        ann = self.chat.inside("Ann")
        slow = [self.chat.inside(f"slow {number}") for number in range(300)]
        for client in slow:
            client.transport.on_write = client.lose
        ann.clear()
        ann.send("say", room="lobby", text="hi")
        self.chat.database.settle()

        self.assertEqual(["said", "message"] + ["went"] * 300, [each["type"] for each in ann.got()])
        self.assertEqual(["Ann"], self.chat.dispatcher.members("lobby"))

    def test_a_failed_broadcast_does_not_end_the_chat(self) -> None:
        ann = self.chat.inside("Ann")
        self.chat.dispatcher.publish("lobby", "Clock", "one")
        ann.transport.on_write = self.fail_to_write
        self.chat.database.settle()
        ann.transport.on_write = lambda: None
        self.chat.dispatcher.publish("lobby", "Clock", "two")
        self.chat.database.settle()

        self.assertEqual(["one", "two"], [each["text"] for each in ann.got("message")])
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def fail_to_write(self) -> None:
        raise ZeroDivisionError
