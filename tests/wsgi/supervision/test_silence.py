from dataclasses import dataclass

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision.silence import CallSilence


@dataclass
class Call:
    """A request in a child."""

    name: str
    heard: int = 0
    is_paused: bool = False


class CallSilenceTests(SynchronousTestCase):
    """Of a child with two threads; looked at every second."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.silence = CallSilence(self.clock)
        self.running: dict[int, Call] = {}

    def found(self, seconds: int) -> list[str]:
        """Whose silence is longer than 3 s after so many seconds."""
        names = self.silence.longer_than(3, 2, self.running)
        for _ in range(seconds):
            self.clock.advance(1)
            names = self.silence.longer_than(3, 2, self.running)
        return names

    def test_a_request_is_silent_from_its_begin_on(self) -> None:
        self.running[1] = Call("GET /hang")

        self.assertEqual(self.found(2), [])
        self.assertEqual(self.found(1), ["GET /hang"])

    def test_a_request_of_which_something_is_heard_is_not_silent(self) -> None:
        call = self.running[1] = Call("GET /stream")
        self.found(2)

        call.heard += 1

        self.assertEqual(self.found(2), [])
        self.assertEqual(self.found(1), ["GET /stream"])

    def test_the_time_that_a_client_takes_does_not_count(self) -> None:
        call = self.running[1] = Call("GET /large", is_paused=True)
        self.assertEqual(self.found(10), [])

        call.is_paused = False

        self.assertEqual(self.found(2), [])
        self.assertEqual(self.found(1), ["GET /large"])

    def test_a_request_that_waits_for_a_thread_of_the_child_has_not_begun(self) -> None:
        streams = [Call("GET /1"), Call("GET /2")]
        self.running.update({1: streams[0], 2: streams[1], 3: Call("GET /3")})
        for _ in range(10):
            self.assertEqual(self.found(1), [])
            for each in streams:
                each.heard += 1

        del self.running[1]

        self.assertEqual(self.found(2), [])
        self.assertEqual(self.found(1), ["GET /2", "GET /3"])

    def test_a_request_that_has_ended_is_forgotten(self) -> None:
        self.running[1] = Call("GET /1")
        self.found(2)

        del self.running[1]

        self.assertEqual(self.found(2), [])
