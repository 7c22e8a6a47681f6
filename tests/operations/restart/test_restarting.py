"""A restart seen from the old process: which steps come when, and what remains of one that fails."""

import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import Settings, StorageSettings
from mixsvc.errors import RestartFailed
from mixsvc.http.ports.handed import HandingReactor
from mixsvc.operations.restart.beginning import Beginning, Inheritance
from mixsvc.operations.restart.predecessor import Predecessor
from mixsvc.operations.restart.restarting import Restarting, RestartingService
from mixsvc.shutdown import StopStep
from tests.operations.reloading.effects import shows
from tests.operations.restart.support import RestartReactor


class Steps:
    """Implements EndSteps: notes each step."""

    def __init__(self, done: list[str], idle: Sequence[int]) -> None:
        """idle: the descriptors of two connections; one is detached early, and one late."""
        self._done = done
        self._idle = idle
        self._detached: list[int] = []
        # How long it takes to send them away.
        self.sending: Deferred[None] = succeed(None)

    def _step(self, name: str) -> Sequence[Sequence[StopStep]]:
        def do() -> Deferred[None]:
            self._done.append(name)
            return succeed(None)

        return [[(1.0, name, do)]]

    async def slow_down(self) -> None:
        self._done.append("slow down")
        self._detached.append(self._idle[0])

    def take_detached(self) -> Sequence[int]:
        found, self._detached = self._detached, []
        return found

    async def say_goodbye_over(self, seconds: float) -> None:
        self._done.append("send away")
        await self.sending

    def answering_steps(self) -> Sequence[Sequence[StopStep]]:
        return self._step("answer")

    def goodbye_steps(self) -> Sequence[Sequence[StopStep]]:
        return self._step("goodbye")

    def storing_steps(self) -> Sequence[Sequence[StopStep]]:
        self._detached.append(self._idle[1])
        return self._step("store")

    def last_steps(self) -> Sequence[Sequence[StopStep]]:
        return self._step("last")

    def closing_steps(self) -> Sequence[Sequence[StopStep]]:
        return self._step("close ports")


class PredecessorTests(SynchronousTestCase):
    """The new process, on a reactor in memory that speaks the part of the old one."""

    def test_it_says_that_it_is_ready_when_all_that_takes_over_is_done(self) -> None:
        reactor, trusted = RestartReactor(), Deferred[None]()
        inheritance = Inheritance(process=1, link=os.dup(2), stderr=os.dup(2), sockets={})
        predecessor = Predecessor(reactor, Beginning(os.getcwd(), {}), inheritance, {})

        async def take_over() -> None:
            await trusted

        predecessor.wait(lambda: succeed(None), take_over, os.close)
        reactor.says("go")
        self.assertEqual(reactor.heard(), "prepared\n")

        trusted.callback(None)

        self.assertEqual(reactor.heard(), "prepared\nready\n")

    def test_it_says_that_it_has_a_connection_if_the_old_one_waits_for_that(self) -> None:
        for asked, said in (((), ""), (("confirm",), "taken\n")):
            reactor, adopted = RestartReactor(), list[int]()
            inheritance = Inheritance(process=1, link=os.dup(2), stderr=os.dup(2), sockets={})
            predecessor = Predecessor(reactor, Beginning(os.getcwd(), {}), inheritance, {})

            async def take_over() -> None:
                pass

            predecessor.wait(lambda: succeed(None), take_over, adopted.append)
            for message in (*asked, "go"):
                reactor.says(message)
            reactor.gives(5)

            self.assertEqual((reactor.heard(), adopted), (f"prepared\nready\n{said}", [5]))

    def test_it_does_what_the_old_one_was_asked_meanwhile(self) -> None:
        reactor, done = RestartReactor(), list[str]()
        inheritance = Inheritance(process=1, link=os.dup(2), stderr=os.dup(2), sockets={})
        acts = {"reload": lambda: done.append("reload"), "reopen": lambda: done.append("reopen")}
        predecessor = Predecessor(reactor, Beginning(os.getcwd(), {}), inheritance, acts)

        async def take_over() -> None:
            done.append("take over")

        predecessor.wait(lambda: succeed(None), take_over, os.close)
        for message in ("reopen", "go", "reload", "what a later version says"):
            reactor.says(message)

        self.assertEqual(done, ["take over", "reopen", "reload"])


class RestartingTests(SynchronousTestCase):
    """On a reactor in memory."""

    def setUp(self) -> None:
        self.reactor = RestartReactor()
        self.done: list[str] = []
        self.twistd = {"nodaemon": False, "pidfile": "web.pid"}
        self.is_drained = self.is_stopping = False
        pairs = [socket.socketpair() for _ in range(2)]
        self.idle = [ours.detach() for ours, _ in pairs]
        self.clients = [theirs for _, theirs in pairs]
        for each in self.clients:
            each.setblocking(False)
            self.addCleanup(each.close)
        self.restarting = self.of(Settings())

    def of(self, settings: Settings) -> Restarting:
        self.settings = settings
        beginning = Beginning(os.getcwd(), self.twistd)
        sockets = HandingReactor(self.reactor, {})
        release, finish = (lambda: self.done.append("release")), (lambda: self.done.append("finish"))
        tell = lambda process: self.done.append(f"main {process}")  # noqa: E731
        self.steps = Steps(self.done, self.idle)
        service = RestartingService(
            self.reactor,
            lambda: self.settings,
            beginning,
            sockets,
            self.steps,
            release,
            tell,
            finish,
            lambda: self.is_drained,
            lambda: self.is_stopping,
        )
        return Restarting(service)

    def failed(self, restart: "Deferred[str]") -> str:
        return str(self.failureResultOf(restart, RestartFailed).value)

    def test_the_old_process_lets_go_when_the_new_one_is_prepared_and_ends_when_it_serves(self) -> None:
        restart = self.restarting.begin()
        self.assertEqual(self.done, [])
        self.reactor.says("prepared")
        self.assertEqual(self.done, ["slow down", "answer", "goodbye", "store", "release", "main 4711"])
        self.assertEqual(self.reactor.heard(), "confirm\ngo\n")
        self.assertNoResult(restart)

        self.reactor.says("ready")
        self.reactor.advance(1)

        self.assertEqual(self.successResultOf(restart), f"process 4711 has taken over from {os.getpid()}")
        self.assertEqual(self.done[6:], ["last", "finish"])
        self.assertEqual(self.reactor.stopped, 1)
        # The new one has written its number there.
        self.assertEqual(self.twistd["pidfile"], "")

    def test_on_a_shared_database_the_new_process_serves_before_the_old_one_lets_go(self) -> None:
        restarting = self.of(replace(Settings(), storage=StorageSettings(url="postgresql:///x")))
        restart = restarting.begin()
        self.reactor.says("prepared")
        self.assertEqual(self.done, ["main 4711"])

        self.reactor.says("ready")

        self.successResultOf(restart)
        self.assertEqual(self.done[1:], ["slow down", "send away", "answer", "goodbye", "store", "last", "finish"])

    def test_the_old_process_stays_until_all_idle_connections_are_on_their_way(self) -> None:
        self.reactor.wire.is_slow = True
        self.successResultOf(self.served(self.restarting))
        self.reactor.advance(1)
        self.assertEqual((self.reactor.wire.given, self.reactor.stopped), (self.idle, 0))

        self.reactor.link_ends()
        self.reactor.advance(1)

        self.assertEqual(self.reactor.stopped, 1)

    def test_on_a_shared_database_idle_connections_go_on_before_long_ones_are_sent_away(self) -> None:
        restarting = self.of(replace(Settings(), storage=StorageSettings(url="postgresql:///x")))
        self.steps.sending = Deferred()

        self.successResultOf(self.served(restarting))
        self.assertEqual(self.reactor.wire.given, self.idle[:1])

        self.steps.sending.callback(None)
        self.assertEqual(self.reactor.wire.given, self.idle)

    def test_a_connection_is_closed_here_once_the_new_process_has_it_or_has_ended(self) -> None:
        self.reactor.wire.is_slow = True
        self.successResultOf(self.served(self.restarting))
        for each in self.clients:
            self.assertRaises(BlockingIOError, each.recv, 1)

        self.reactor.says("taken")
        self.assertEqual(self.clients[0].recv(1), b"")
        self.assertRaises(BlockingIOError, self.clients[1].recv, 1)

        self.reactor.link_ends()
        self.assertEqual(self.clients[1].recv(1), b"")

    def served(self, restarting: Restarting) -> "Deferred[str]":
        restart = restarting.begin()
        self.reactor.says("prepared")
        self.reactor.says("ready")
        return restart

    def test_why_a_new_process_cannot_start_is_its_last_line_and_the_old_one_goes_on(self) -> None:
        restart = self.restarting.begin()

        self.reactor.writes("a warning\nmixsvc: mix.ini, line 2: it is wrong\n")
        self.reactor.ends(1)

        self.assertEqual(self.failed(restart), "mix.ini, line 2: it is wrong")
        self.assertEqual((self.done, self.reactor.stopped, self.twistd["pidfile"]), ([], 0, "web.pid"))
        # And may try again.
        self.assertNoResult(self.restarting.begin())

    def test_a_new_process_that_ends_without_a_word_is_named_and_leaves_no_descriptor(self) -> None:
        self.twistd["nodaemon"] = True
        before = os.listdir("/proc/self/fd")
        restart = self.restarting.begin()

        self.reactor.ends(3)

        self.assertEqual(self.failed(restart), "the new process has ended: it ended with status 3")
        self.assertEqual(os.listdir("/proc/self/fd"), before)

    def test_a_new_process_that_says_nothing_is_ended_after_its_time(self) -> None:
        restart = self.restarting.begin()

        self.reactor.advance(60)

        self.assertEqual(self.failed(restart), "the new process was not prepared within 60 s")
        self.assertEqual(self.reactor.process.signals, ["KILL"])

    @shows("server.restart_timeout")
    def test_it_has_another_time_after_a_reload(self) -> None:
        self.settings = replace(self.settings, server=replace(self.settings.server, restart_timeout=5.0))
        restart = self.restarting.begin()

        self.reactor.advance(5)

        self.assertEqual(self.failed(restart), "the new process was not prepared within 5 s")

    def test_what_the_old_process_is_asked_meanwhile_the_new_one_does_as_soon_as_it_serves(self) -> None:
        self.restarting.owe(signal.SIGUSR1)
        self.restarting.begin()
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            self.restarting.owe(number)
        self.reactor.says("prepared")
        self.assertEqual((self.reactor.heard(), self.restarting.process), ("confirm\ngo\n", 0))

        self.reactor.says("ready")

        self.assertEqual(
            (self.reactor.heard(), self.restarting.process),
            ("confirm\ngo\nreload\nreopen\nrenew\n" + "connection\n" * 2, 4711),
        )

    def test_a_service_out_of_rotation_stays_so(self) -> None:
        self.is_drained = True
        self.restarting.begin()

        self.reactor.says("prepared")

        self.assertEqual(self.reactor.heard(), "drained\nconfirm\ngo\n")

    def test_the_last_word_on_the_rotation_counts_while_the_new_process_takes_over(self) -> None:
        for before, said in ((False, "confirm\ngo\ndrained\n"), (True, "drained\nconfirm\ngo\nreturned\n")):
            self.setUp()
            self.is_drained = before
            self.restarting.begin()
            self.reactor.says("prepared")

            self.is_drained = not before
            self.reactor.says("ready")

            self.assertEqual(self.reactor.heard(), said + "connection\n" * 2)

    def test_a_second_restart_is_refused_meanwhile(self) -> None:
        self.restarting.begin()

        self.assertEqual(self.failed(self.restarting.begin()), "a restart is going on already, with process 4711")

    def test_a_service_that_stops_is_not_restarted(self) -> None:
        self.is_stopping = True

        self.assertEqual(self.failed(self.restarting.begin()), "the service is stopping")

    def test_a_stop_while_the_new_process_prepares_itself_ends_both(self) -> None:
        restart = self.restarting.begin()

        self.assertIsNone(self.restarting.stop())
        self.reactor.ends(1)

        self.assertEqual(self.reactor.process.signals[0], "KILL")
        self.failureResultOf(restart, RestartFailed)

    def test_a_stop_while_the_new_process_takes_over_is_given_on_to_it(self) -> None:
        self.restarting.begin()
        self.reactor.says("prepared")

        stopping = self.restarting.stop()

        self.assertEqual(self.reactor.process.signals, ["TERM"])
        assert stopping is not None
        self.reactor.says("ready")
        self.successResultOf(stopping)

    def test_if_the_new_process_fails_when_the_database_is_free_the_ports_close_and_all_ends(self) -> None:
        restart = self.restarting.begin()
        self.reactor.says("prepared")

        self.reactor.says("failed the disk is full")
        self.reactor.advance(1)

        self.assertEqual(self.failed(restart), "the disk is full")
        self.assertEqual(self.done[-4:], [f"main {os.getpid()}", "close ports", "last", "finish"])
        self.assertEqual((self.reactor.stopped, self.twistd["pidfile"]), (1, "web.pid"))
        # One line of the log, and no traceback.
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_on_a_shared_database_a_new_process_that_fails_to_take_over_leaves_the_old_one_running(self) -> None:
        restarting = self.of(replace(Settings(), storage=StorageSettings(url="postgresql:///x")))
        restart = restarting.begin()
        self.reactor.says("prepared")

        self.reactor.says("failed the disk is full")

        self.assertEqual(self.failed(restart), "the disk is full")
        self.assertEqual((self.done, self.reactor.stopped), (["main 4711", f"main {os.getpid()}"], 0))

    def test_a_service_in_a_root_folder_of_its_own_is_not_restarted(self) -> None:
        self.twistd["chroot"] = "/srv"

        self.assertIn("--chroot", self.failed(self.restarting.begin()))
