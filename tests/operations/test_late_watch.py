"""What operators see is loaded in a thread, and again while no file can be opened."""

import errno
from collections.abc import Callable, Iterator, Sequence
from queue import Queue
from unittest.mock import Mock

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, capturedLogs

from mixsvc.operations.later import WATCH_AFTER, LateWatch
from mixsvc.threads import own_threads

DEADLINE = 120.0


class Reactor(Clock):
    """Its clock is the test's, and so is the thread in which it is called from others."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: Queue[Callable[[], object]] = Queue()

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        """See IReactorFromThreads."""
        self._calls.put(lambda: function(*args))

    def run_next(self) -> None:
        """Waits for a call from a thread."""
        self._calls.get(timeout=DEADLINE)()


class Loading:
    """Fails as often as a test says, and then succeeds."""

    def __init__(self) -> None:
        self.failures = 0
        self.begun = 0

    def load(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files", "desk.py")

    def begin(self) -> None:
        self.begun += 1


def no_thread(function: Callable[..., object], arguments: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.fixture
def events() -> Iterator[Sequence[LogEvent]]:
    with capturedLogs() as found:
        yield found


def test_it_begins_once_what_it_needs_is_loaded() -> None:
    reactor, loading = Reactor(), Loading()
    LateWatch(reactor, loading.load, loading.begin).start()
    reactor.advance(WATCH_AFTER)
    assert loading.begun == 0
    reactor.run_next()
    assert loading.begun == 1


def test_without_files_it_tries_again(events: Sequence[LogEvent]) -> None:
    reactor, loading = Reactor(), Loading()
    loading.failures = 2
    LateWatch(reactor, loading.load, loading.begin).start()
    for _ in range(3):
        assert loading.begun == 0
        reactor.advance(WATCH_AFTER)
        reactor.run_next()
    assert loading.begun == 1
    assert [each["error"] for each in events] == ["Too many open files"] * 2


def test_without_threads_it_tries_again(events: Sequence[LogEvent], monkeypatch: pytest.MonkeyPatch) -> None:
    reactor, loading = Reactor(), Loading()
    LateWatch(reactor, loading.load, loading.begin).start()
    with monkeypatch.context() as patched:
        patched.setattr(own_threads, "start_new_thread", no_thread)
        reactor.advance(WATCH_AFTER)
    reactor.advance(WATCH_AFTER)
    reactor.run_next()
    assert loading.begun == 1
    assert [each["error"] for each in events] == ["can't start new thread"]


def test_where_measuring_gets_no_thread_it_begins_later(events: Sequence[LogEvent]) -> None:
    reactor, loading = Reactor(), Loading()
    begin = Mock(side_effect=[RuntimeError("can't start new thread"), None])
    LateWatch(reactor, loading.load, begin).start()
    for _ in range(2):
        reactor.advance(WATCH_AFTER)
        reactor.run_next()
    assert begin.call_count == 2
    assert [each["error"] for each in events] == ["can't start new thread"]


@pytest.mark.parametrize("failures", [0, 1])
def test_a_service_that_has_ended_begins_nothing(failures: int) -> None:
    reactor, loading = Reactor(), Loading()
    loading.failures = failures
    watch = LateWatch(reactor, loading.load, loading.begin)
    watch.start()
    reactor.advance(WATCH_AFTER)
    watch.stop()
    reactor.run_next()
    assert (loading.begun, reactor.getDelayedCalls()) == (0, [])
