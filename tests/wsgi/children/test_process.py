"""The start and the end of a child at the service, with a reactor that starts nothing."""

import errno
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.http.refusals import TIMED_OUT, Refusal
from mixsvc.wsgi.children.frames import FrameReader, FrameType, decode_ids, encode_frame, encode_ids
from mixsvc.wsgi.children.process import READING_SECONDS, ViewProcess
from mixsvc.wsgi.children.setup import CHILD_MARKS, OF_THE_SERVICE, SpawnCommand
from mixsvc.wsgi.supervision.begun_marks import NO_MARK, open_marks
from mixsvc.wsgi.supervision.calls_ahead import PACE_REQUESTS, SLOW_SECONDS
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess

COMMAND = SpawnCommand("/bin/child", ("child",), {}, b"{}")
READY = encode_frame(FrameType.READY, 0, b'{"pid": 7, "hooks": ["may"]}')


class SocketTransport(StringTransport):
    """Takes everything at once, and can be aborted."""

    def __init__(self, link: Any) -> None:
        StringTransport.__init__(self)
        self._link = link

    def writeSomeData(self, data: bytes) -> int:
        self.write(data)
        return len(data)

    def abortConnection(self) -> None:
        self._link.connectionLost(Failure(ConnectionError()))


class Spawned:
    """A process that the reactor would have started. marks: those of its calls."""

    pid = 7

    def __init__(self, protocol: Any, mask: set[int], childFDs: Mapping[int, int]) -> None:
        self.protocol = protocol
        self.mask = mask
        self.marks = open_marks(os.dup(childFDs[CHILD_MARKS]))
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


class GivenCall:
    """A call, and the status with which it was refused."""

    descriptor = None
    heard = 0
    is_paused = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.payload = b"no" + name.encode()
        self.gone: Callable[[], object] = lambda: None
        self.taken: Callable[[int], None] = lambda size: None
        self.stalled: Callable[[], object] = lambda: None
        self.process: object = None
        self.mark = NO_MARK
        self.is_answered = False
        self.is_released = False
        self.refused: int | None = None

    def release(self) -> None:
        self.is_released = True

    def fail(self, refusal: Refusal) -> None:
        self.refused = refusal.code


class SpawningReactor(Clock):
    """Records what would be started, or refuses to start anything."""

    def __init__(self) -> None:
        Clock.__init__(self)
        self.refusal: OSError | None = None
        self.link: Any = None
        self.spawned: Spawned | None = None

    def adoptStreamConnection(self, descriptor: int, family: int, factory: Any) -> None:
        self.link = factory.buildProtocol(None)
        self.link.makeConnection(SocketTransport(self.link))

    def spawnProcess(
        self, protocol: Any, program: str, arguments: Sequence[str], environment: Mapping[str, str], childFDs: Any
    ) -> Spawned:
        if self.refusal is not None:
            raise self.refusal
        mask = {int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, ())}
        self.spawned = Spawned(protocol, mask, childFDs)
        return self.spawned


class ViewProcessTests(SynchronousTestCase):
    """The test is the owner."""

    def setUp(self) -> None:
        self.reactor = SpawningReactor()
        self.told: list[str] = []
        self.returned: list[Any] = []
        # How many calls it had, each time that it was said that one has ended.
        self.left: list[int] = []
        self.process = ViewProcess(self.reactor, COMMAND, lambda payload: self.fail("asked"), self)

    def process_ready(self, process: SupervisedProcess, hooks: frozenset[str]) -> None:
        self.told.append(f"ready with {sorted(hooks)}")

    def process_hooks(self, process: SupervisedProcess, hooks: frozenset[str]) -> None:
        self.told.append(f"registered {sorted(hooks)}")

    def process_failed(self, process: SupervisedProcess, text: str) -> None:
        self.told.append(f"failed: {text}")

    def process_freed(self, process: SupervisedProcess) -> None:
        self.left.append(process.calls)

    def process_returned(self, process: SupervisedProcess, calls: Sequence[Any]) -> None:
        self.returned += calls

    def process_changed(self, process: SupervisedProcess, path: str) -> None:
        self.told.append(f"changed: {path}")

    def process_ended(self, process: SupervisedProcess, how: str) -> None:
        self.told.append(f"ended {how}")

    def spawned(self) -> Spawned:
        self.process.start()
        assert self.reactor.spawned is not None
        return self.reactor.spawned

    def exit(self, error: Exception) -> None:
        assert self.reactor.spawned is not None
        self.reactor.spawned.protocol.processExited(Failure(error))

    def test_the_services_signals_wait_until_the_child_handles_them(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

        spawned = self.spawned()

        self.assertEqual(set(OF_THE_SERVICE) - spawned.mask, set())
        self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, ()), before)

    def test_a_system_that_starts_no_process_is_told_of_later(self) -> None:
        self.reactor.refusal = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

        self.process.start()

        self.assertEqual(self.told, [])
        self.reactor.advance(0)
        self.assertEqual(
            self.told,
            ["failed: no process can be started: Resource temporarily unavailable", "ended before it was started"],
        )

    def test_a_system_without_free_descriptors_is_told_of_later(self) -> None:
        def full(*args: object) -> tuple[socket.socket, socket.socket]:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(socket, "socketpair", full)

        self.process.start()

        self.reactor.advance(0)
        self.assertEqual(
            self.told, ["failed: no process can be started: Too many open files", "ended before it was started"]
        )

    def test_it_is_ready_when_it_says_so(self) -> None:
        self.spawned()

        self.reactor.link.dataReceived(READY)

        self.assertEqual((self.told, self.process.is_ready, self.process.pid), (["ready with ['may']"], True, 7))

    def test_the_end_is_told_once_nothing_comes_from_the_socket(self) -> None:
        for error, how in (
            (ProcessDone(0), "with status 0"),
            (ProcessTerminated(exitCode=3, status=768), "with status 3"),
            (ProcessTerminated(signal=9, status=9), "by signal SIGKILL"),
        ):
            self.setUp()
            self.spawned()
            self.reactor.link.dataReceived(READY)

            self.exit(error)
            self.assertEqual((self.told[1:], self.process.is_ready), ([], False))
            self.reactor.link.connectionLost()

            self.assertEqual(self.told[1:], [f"ended {how}"])

    def test_a_socket_that_something_else_keeps_open_is_not_waited_for(self) -> None:
        self.spawned()
        self.exit(ProcessTerminated(signal=9, status=9))

        self.reactor.advance(READING_SECONDS)

        self.assertEqual(self.told, ["ended by signal SIGKILL"])

    def test_what_has_ended_gets_ready_no_more(self) -> None:
        self.spawned()
        self.exit(ProcessDone(0))

        self.reactor.link.dataReceived(READY)

        self.assertEqual((self.told, self.process.is_ready), ([], False))

    def test_a_child_that_closes_its_socket_is_killed(self) -> None:
        spawned = self.spawned()

        self.reactor.link.connectionLost()

        self.assertEqual(spawned.signals, ["KILL"])

    def test_a_child_that_sends_what_is_no_frame_is_killed(self) -> None:
        spawned = self.spawned()

        self.reactor.link.dataReceived(b"\xff" * 100)

        self.assertEqual(spawned.signals, ["KILL"])

    def test_it_says_what_was_registered_later(self) -> None:
        self.spawned()

        self.reactor.link.dataReceived(encode_frame(FrameType.HOOKS, 0, b'["may", "message"]'))

        self.assertEqual(self.told, ["registered ['may', 'message']"])

    def test_it_says_which_file_has_changed(self) -> None:
        self.spawned()

        self.reactor.link.dataReceived(encode_frame(FrameType.CHANGED, 0, b"/app.py"))

        self.assertEqual(self.told, ["changed: /app.py"])

    # Calls that it has not begun

    def given(self, *names: str) -> list[Any]:
        """It is ready, and has calls of these names, the first of which it has begun."""
        spawned = self.spawned()
        self.reactor.link.dataReceived(READY)
        calls: list[Any] = [GivenCall(name) for name in names]
        for call in calls:
            self.process.begin(call)
        spawned.marks[calls[0].mark] = 1
        return calls

    def recalled(self) -> list[int]:
        """The ids in the last frame that it was sent."""
        self.reactor.advance(0)
        *_, (type, _, payload) = FrameReader().feed(self.reactor.link.transport.value())
        return list(decode_ids(payload)) if type == FrameType.RECALL else []

    def test_what_a_child_that_is_killed_has_not_begun_is_given_back_when_it_has_ended(self) -> None:
        begun, *waiting = calls = self.given("begun", "one", "two")

        self.reactor.link.connectionLost()
        self.assertEqual([call.refused for call in calls], [502, None, None])
        self.assertEqual((self.returned, self.process.calls), ([], 2))
        self.exit(ProcessTerminated(signal=9, status=9))

        self.assertEqual((self.returned, self.process.calls, self.told[1:]), (waiting, 0, ["ended by signal SIGKILL"]))
        self.assertEqual([call.refused for call in calls], [502, None, None])

    def test_what_it_begins_before_its_end_is_not_given_back(self) -> None:
        _, late, waiting = self.given("begun", "late", "waiting")
        self.reactor.link.connectionLost()

        assert self.reactor.spawned is not None
        self.reactor.spawned.marks[late.mark] = 1
        self.exit(ProcessTerminated(signal=9, status=9))

        self.assertEqual((late.refused, self.returned), (502, [waiting]))

    def test_what_no_other_child_can_answer_is_not_given_back(self) -> None:
        self.given("begun")
        bound: Any = GivenCall("bound")
        self.process.begin_bound(bound)

        self.reactor.link.connectionLost()
        self.exit(ProcessTerminated(signal=9, status=9))

        self.assertEqual((bound.refused, self.returned), (502, []))

    def test_of_one_that_is_killed_as_it_hangs_the_same_holds(self) -> None:
        begun, waiting = self.given("begun", "waiting")

        self.process.fail_calls(TIMED_OUT)
        self.process.kill()
        self.reactor.link.connectionLost()
        self.assertEqual((begun.refused, self.returned, self.process.calls), (504, [], 1))
        self.exit(ProcessTerminated(signal=9, status=9))

        self.assertEqual((waiting.refused, self.returned, self.process.calls), (None, [waiting], 0))

    def test_what_is_to_be_given_back_counts_until_then(self) -> None:
        self.given("begun", "one", "two")

        self.reactor.link.connectionLost()

        self.assertEqual(self.left, [2])

    def test_what_it_has_begun_it_cannot_give_back(self) -> None:
        self.given("begun", "waiting")

        self.reactor.link.dataReceived(encode_frame(FrameType.BACK, 0, encode_ids([1])))

        self.assertEqual((self.returned, self.process.calls), ([], 2))

    def test_a_call_whose_client_has_left_is_dropped(self) -> None:
        _, gone, waiting = self.given("begun", "gone", "waiting")
        gone.is_answered = True

        self.reactor.link.dataReceived(encode_frame(FrameType.BACK, 0, encode_ids([2, 3])))

        self.assertEqual((self.returned, gone.is_released, self.process.calls), ([waiting], True, 1))

    def test_calls_are_asked_for_when_few_have_ended_lately(self) -> None:
        self.given("begun", "thread", "waiting", "waiting too")
        self.process.begin_bound(GivenCall("bound"))  # type: ignore[arg-type]  # it has what is used

        self.process.recall(2)
        self.assertEqual(self.recalled(), [])
        self.reactor.advance(SLOW_SECONDS + 0.1)
        self.process.recall(2)

        self.assertEqual(self.recalled(), [3, 4])

    def test_one_that_is_slow_has_room_behind_a_call_that_waits_for_its_client(self) -> None:
        calls = self.given("begun", "waits")
        self.reactor.advance(SLOW_SECONDS + 0.1)
        self.assertFalse(self.process.has_room(2))

        calls[1].is_paused = True

        self.assertTrue(self.process.has_room(2))

    def test_the_owner_is_told_when_a_client_does_not_keep_up(self) -> None:
        calls = self.given("begun", "waits")
        told = len(self.left)

        calls[1].stalled()

        self.assertEqual(len(self.left), told + 1)

    def test_nothing_is_asked_for_while_calls_end(self) -> None:
        self.given(*map(str, range(PACE_REQUESTS + 2)))
        self.reactor.advance(SLOW_SECONDS)
        for number in range(PACE_REQUESTS):
            self.reactor.link.dataReceived(encode_frame(FrameType.OVER, number + 1))
        self.reactor.advance(0.5)

        self.process.recall(1)

        self.assertEqual(self.recalled(), [])
