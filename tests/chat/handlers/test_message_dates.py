"""Messages that were stored under a wrong time of day have their own dates once it is known which time was right."""

from mixsvc.chat.handlers.retention import LOOK_SECONDS
from mixsvc.common.clocks import TRUST_SECONDS, WallClock
from tests.chat.cases import ChatTestCase
from tests.chat.fakes import NOW

DAY = 86_400.0


class MessageDatesTests(ChatTestCase):
    settings = {"rooms": ("lobby",), "keep_days": 2, "keep": 10**6}

    def begin(self, ahead: float) -> None:
        """A process starts, in which the time of day is so far ahead of the true one; a day ago somebody spoke."""
        self.database.connection.execute("INSERT INTO room (name, last) VALUES ('lobby', 1)")
        self.database.connection.execute(
            "INSERT INTO message (room, number, name, text, said_at) VALUES ('lobby', 1, 'Old', 'before', ?)",
            (NOW - DAY,),
        )
        self.database.connection.commit()
        self.chat.ahead = ahead
        self.chat.wall = WallClock(self.chat.clock.seconds, lambda: self.chat.clock.seconds() + self.chat.ahead)
        self.chat.restart()
        self.chat.dispatcher.start()
        self.ann = self.chat.inside("Ann")

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / LOOK_SECONDS)):
            self.chat.clock.advance(LOOK_SECONDS)
            self.database.settle()

    def ages(self) -> list[int]:
        """How long before now the messages were said, by their dates, in seconds."""
        now = self.chat.clock.seconds()
        rows = self.database.connection.execute("SELECT said_at FROM message ORDER BY number")
        return [round(now - said_at) for (said_at,) in rows]

    def test_what_was_said_before_the_clock_was_put_right_is_not_deleted_as_old(self) -> None:
        for ahead in (-400 * DAY, 400 * DAY):
            self.database.connection.execute("DELETE FROM message")
            self.database.connection.execute("DELETE FROM room")
            self.begin(ahead)
            self.say(self.ann, "early")
            self.passes(60)
            self.chat.ahead = 0.0
            self.say(self.ann, "later")
            self.passes(TRUST_SECONDS + LOOK_SECONDS)

            old, early, later = self.ages()
            self.assertEqual(60, early - later)
            self.assertGreater(old, DAY)
            self.chat.dispatcher.close()

    def test_a_wrong_time_for_a_moment_changes_only_what_was_said_meanwhile(self) -> None:
        self.begin(0.0)
        self.say(self.ann, "before")
        self.chat.ahead = 400 * DAY
        self.say(self.ann, "meanwhile")
        self.chat.clock.advance(4)
        self.chat.ahead = 0.0
        self.say(self.ann, "after")
        self.passes(TRUST_SECONDS + LOOK_SECONDS)

        _, before, meanwhile, after = self.ages()
        self.assertEqual([4, 4], [before - after, meanwhile - after])

    def test_what_was_said_in_a_time_that_was_trusted_keeps_its_date(self) -> None:
        self.begin(0.0)
        self.passes(TRUST_SECONDS)
        self.say(self.ann, "right")
        said = self.ages()[-1]
        self.chat.ahead = DAY

        self.passes(TRUST_SECONDS + LOOK_SECONDS)

        self.assertEqual(said + TRUST_SECONDS + LOOK_SECONDS, self.ages()[-1])

    def test_a_database_that_fails_changes_nothing(self) -> None:
        self.begin(-DAY)
        self.say(self.ann, "early")
        self.chat.ahead = 0.0
        self.ann.send("say", room="lobby", text="later")
        self.failing()
        self.database.settle()

        self.passes(TRUST_SECONDS + LOOK_SECONDS)

        self.assertEqual(3, len(self.ages()))
