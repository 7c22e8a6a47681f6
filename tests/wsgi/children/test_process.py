"""The start and the end of a child at the service, with a reactor that starts nothing."""

import errno
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.frames import FrameType, encode_frame
from mixsvc.wsgi.children.process import READING_SECONDS, ViewProcess
from mixsvc.wsgi.children.setup import OF_THE_SERVICE, SpawnCommand
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
    """A process that the reactor would have started."""

    pid = 7

    def __init__(self, protocol: Any, mask: set[int]) -> None:
        self.protocol = protocol
        self.mask = mask
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


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
        self.spawned = Spawned(protocol, {int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, ())})
        return self.spawned


class ViewProcessTests(SynchronousTestCase):
    """The test is the owner."""

    def setUp(self) -> None:
        self.reactor = SpawningReactor()
        self.told: list[str] = []
        self.process = ViewProcess(self.reactor, COMMAND, lambda payload: self.fail("asked"), self)

    def process_ready(self, process: SupervisedProcess, hooks: frozenset[str]) -> None:
        self.told.append(f"ready with {sorted(hooks)}")

    def process_hooks(self, process: SupervisedProcess, hooks: frozenset[str]) -> None:
        self.told.append(f"registered {sorted(hooks)}")

    def process_failed(self, process: SupervisedProcess, text: str) -> None:
        self.told.append(f"failed: {text}")

    def process_freed(self, process: SupervisedProcess) -> None:
        """Nothing waits."""

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
