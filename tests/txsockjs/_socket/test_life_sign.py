"""Who is gone, and who is only slow, whatever is sent meanwhile. The time is 8 seconds, so a look is a second."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs._socket.test_tcp_info import Kernel, Transport, on_linux
from txsockjs._socket.life_sign import LifeSign

SECONDS = 8.0


class LifeSignCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.kernel = Kernel()
        self.gone_at: list[float] = []
        self.sign = LifeSign(self.clock, Transport(self.kernel), SECONDS, self.gone)

    def gone(self) -> None:
        self.gone_at.append(self.clock.seconds())

    def send(self, size: int) -> None:
        self.kernel.unsent += size

    def take(self, size: int) -> None:
        """The client's system acknowledges some of what was sent."""
        size = min(size, self.kernel.unsent)
        self.kernel.unsent -= size
        self.kernel.acked += size

    def pass_time(self, seconds: int, sent: int = 0, taken: int = 0) -> None:
        """So much is sent, and so much taken, each second."""
        for _ in range(seconds):
            self.send(sent)
            self.take(taken)
            self.clock.advance(1)


@on_linux
class AnsweringClientTests(LifeSignCase):
    """Clients with pings."""

    def ping(self) -> None:
        self.send(2)
        self.sign.wait(is_sent=True, must_answer=True)

    def test_one_that_vanishes_is_gone_in_time_whatever_is_sent(self) -> None:
        self.ping()
        self.pass_time(20, sent=100)

        self.assertEqual(self.gone_at, [SECONDS])

    def test_one_whose_system_or_proxy_takes_everything_must_answer_in_time(self) -> None:
        self.send(100)
        self.ping()
        self.take(102)

        self.pass_time(20, sent=100, taken=90)

        self.assertEqual(self.gone_at, [SECONDS])

    def test_one_that_answers_stays(self) -> None:
        self.ping()
        self.pass_time(7)
        self.sign.stop()

        self.pass_time(20)

        self.assertEqual((self.gone_at, self.clock.getDelayedCalls()), ([], []))

    def test_one_that_is_slow_stays_while_it_takes_anything(self) -> None:
        self.send(10_000)
        self.ping()
        self.pass_time(100, sent=10, taken=1)
        self.assertEqual(self.gone_at, [])

        self.pass_time(10, sent=10)

        self.assertEqual(self.gone_at, [100 + SECONDS])

    def test_one_that_was_slow_has_the_time_for_its_answer(self) -> None:
        self.send(10_000)
        self.ping()
        self.pass_time(10, taken=1000)
        self.assertEqual(self.gone_at, [])

        self.pass_time(20, taken=1000)

        self.assertEqual(self.gone_at, [11 + SECONDS])

    def test_one_that_could_not_be_sent_a_ping_is_there_when_it_has_caught_up(self) -> None:
        self.sign.wait(is_sent=False, must_answer=True)

        self.sign.caught_up()

        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_has_a_ping_to_answer_has_not_answered_by_catching_up(self) -> None:
        self.ping()
        self.sign.caught_up()
        self.take(2)

        self.pass_time(10)

        self.assertEqual(self.gone_at, [SECONDS])

    def test_an_answer_that_came_while_the_process_stood_still_counts(self) -> None:
        self.ping()
        self.take(2)
        # What the reactor reads in the first turn after that.
        self.clock.callLater(SECONDS, self.sign.stop)

        self.clock.advance(SECONDS + 100)

        self.assertEqual(self.gone_at, [])

    def test_a_second_ping_does_not_give_more_time(self) -> None:
        self.ping()
        self.pass_time(4)

        self.ping()
        self.pass_time(10)

        self.assertEqual(self.gone_at, [SECONDS])


@on_linux
class AcknowledgingClientTests(LifeSignCase):
    """Clients without pings."""

    def beat(self) -> None:
        self.send(2)
        self.sign.wait(is_sent=True, must_answer=False)

    def test_one_that_vanishes_is_gone_in_time_whatever_is_sent(self) -> None:
        self.beat()

        self.pass_time(20, sent=100)

        self.assertEqual(self.gone_at, [SECONDS])

    def test_one_that_takes_what_was_sent_stays(self) -> None:
        self.beat()
        self.take(2)

        self.pass_time(20)

        self.assertEqual((self.gone_at, self.clock.getDelayedCalls()), ([], []))

    def test_one_that_is_slow_stays_until_it_has_taken_what_was_sent(self) -> None:
        self.send(20)
        self.beat()

        self.pass_time(23, sent=10, taken=1)

        self.assertEqual((self.gone_at, self.clock.getDelayedCalls()), ([], []))


class UnknownClientTests(LifeSignCase):
    """Where the system says nothing of acknowledgements."""

    def setUp(self) -> None:
        super().setUp()
        self.sign = LifeSign(self.clock, object(), SECONDS, self.gone)

    def test_a_ping_must_be_answered_in_time(self) -> None:
        self.sign.wait(is_sent=True, must_answer=True)

        self.pass_time(10)

        self.assertEqual(self.gone_at, [SECONDS])

    def test_one_without_pings_stays(self) -> None:
        self.sign.wait(is_sent=True, must_answer=False)

        self.pass_time(10)

        self.assertEqual(self.gone_at, [])

    def test_one_that_does_not_keep_up_must_catch_up_in_time(self) -> None:
        self.sign.wait(is_sent=False, must_answer=False)

        self.pass_time(10)

        self.assertEqual(self.gone_at, [SECONDS])
