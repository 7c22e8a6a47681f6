"""What a child of the service's process inherits, and what it does not."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from select import epoll

import pytest

from mixsvc.operations.forks import ForkWatcher
from mixsvc.operations.log_files import hold_log_signals
from mixsvc.threads.children import this_process

SECONDS = 30


class WatchingReactor:
    """A reactor that reads some sockets, and writes to others."""

    def __init__(self) -> None:
        self.readers: list[object] = []
        self.writers: list[object] = []

    def getReaders(self) -> list[object]:
        return self.readers

    def getWriters(self) -> list[object]:
        return self.writers


@pytest.fixture
def reactor() -> WatchingReactor:
    return WatchingReactor()


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """A port that the service listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def watcher(reactor: WatchingReactor, port: socket.socket) -> ForkWatcher:
    """It watches."""
    watcher = ForkWatcher(reactor, lambda: [port])
    watcher.start()
    return watcher


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Restores what was there before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def fork(child: Callable[[], object]) -> int:
    """Fork in a thread that is not the reactor's, and return how the child ends: 0 if the function returns."""
    pids: list[int] = []

    def run() -> None:
        pid = os.fork()
        if not pid:
            signal.alarm(SECONDS)
            with suppress(AssertionError):
                child()
                os._exit(0)
            os._exit(1)
        pids.append(pid)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(SECONDS)
    return os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1])


def test_a_child_ends_by_sigterm(watcher: ForkWatcher) -> None:
    hold_log_signals()
    # A handler of the service, as that of the log files.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGUSR1))

    def child() -> None:
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
        signal.raise_signal(signal.SIGTERM)

    assert fork(child) == -signal.SIGTERM


def test_a_child_keeps_the_handlers_of_the_application(watcher: ForkWatcher) -> None:
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))

    def child() -> None:
        signal.raise_signal(signal.SIGTERM)
        assert heard == [signal.SIGTERM]

    assert fork(child) == 0


def test_signals_are_not_reported_to_the_parents_reactor(watcher: ForkWatcher) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)

    def child() -> None:
        assert signal.set_wakeup_fd(-1) == -1

    try:
        assert fork(child) == 0
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def test_a_signal_that_comes_while_the_child_begins_is_not_lost(reactor: WatchingReactor) -> None:
    hold_log_signals()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGUSR1))
    early = [True]

    def kill() -> None:
        if early:
            os.kill(os.getpid(), signal.SIGTERM)

    # Registered first, so it is called in the child before the watcher.
    os.register_at_fork(after_in_child=kill)
    watcher = ForkWatcher(reactor, list)
    watcher.start()

    assert fork(lambda: None) == -signal.SIGTERM
    early.clear()
    assert watcher


def test_no_signal_stays_blocked(watcher: ForkWatcher) -> None:
    def child() -> None:
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])

    assert fork(child) == 0
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_sockets_of_the_reactor_and_ours_are_closed_in_the_child_only(
    watcher: ForkWatcher, reactor: WatchingReactor, port: socket.socket
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, epoll() as polled:
        polled.register(ours)
        reactor.readers = [ours]
        reactor.writers = [port]

        def child() -> None:
            # The numbers stay taken: an object that closes its socket later must not close something else.
            assert os.readlink(f"/proc/self/fd/{ours.fileno()}") == os.devnull
            assert os.readlink(f"/proc/self/fd/{port.fileno()}") == os.devnull
            # This is not one of the reactor's.
            assert theirs.recv(1)

        ours.send(b"x")
        assert fork(child) == 0

        # The parent's are as before.
        theirs.send(b"y")
        assert ours.recv(1) == b"y"
        assert polled.poll(0) != []
        with closing(socket.create_connection(port.getsockname(), SECONDS)):
            port.accept()[0].close()


class ChangingReactor(WatchingReactor):
    """A reactor whose thread is taking a socket out of its tables while another thread forks."""

    def getReaders(self) -> list[object]:
        raise KeyError(3)


def test_sockets_of_a_reactor_that_the_fork_meets_in_the_midst_of_a_change_are_closed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, epoll() as polled:
        polled.register(ours)
        watcher = ForkWatcher(ChangingReactor(), list)
        watcher.start()

        def child() -> None:
            assert os.readlink(f"/proc/self/fd/{ours.fileno()}") == os.devnull
            assert os.readlink(f"/proc/self/fd/{theirs.fileno()}").startswith("socket:")
            assert this_process.is_one

        assert fork(child) == 0
        del watcher


def test_the_descriptor_of_epoll_is_not_in_the_child(reactor: WatchingReactor) -> None:
    with epoll() as polled:
        watcher = ForkWatcher(reactor, list)
        watcher.start()
        number = polled.fileno()

        def child() -> None:
            assert os.readlink(f"/proc/self/fd/{number}") == os.devnull

        assert fork(child) == 0
        del watcher


def test_what_has_the_number_of_an_epoll_that_was_closed_stays(reactor: WatchingReactor, port: socket.socket) -> None:
    polled = epoll()
    watcher = ForkWatcher(reactor, list)
    watcher.start()
    number = polled.fileno()
    # As if it had been closed, and its number given to another file.
    os.dup2(port.fileno(), number)

    def child() -> None:
        assert os.readlink(f"/proc/self/fd/{number}").startswith("socket:")

    assert fork(child) == 0
    polled.close()
    del watcher


def test_the_child_knows_that_it_is_one_and_the_parent_is_none(watcher: ForkWatcher) -> None:
    def child() -> None:
        assert this_process.is_one

    assert fork(child) == 0
    assert not this_process.is_one
