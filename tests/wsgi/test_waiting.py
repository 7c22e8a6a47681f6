"""View threads that wait for clients: there are never so many that other requests wait for them."""

from threading import Condition

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.waiting import WaitingStreams
from tests.wsgi.slow_client import SECONDS, Threads, Worker


class WaitingThread:
    """A stream and its thread, which waits until the client reads or the stream is ended."""

    def __init__(self, waiting: WaitingStreams, changed: Condition) -> None:
        self.is_ended = self._has_room = self._is_waiting = False
        self._waiting, self._changed = waiting, changed
        self._worker = Worker(self._wait)
        with changed:
            # The thread looks once, and releases the lock when it waits.
            assert changed.wait_for(lambda: self._is_waiting or self.is_ended, SECONDS)

    def end_unread(self) -> None:
        self.is_ended = True
        self._changed.notify_all()

    def client_reads(self) -> None:
        """A little: there is no room yet."""
        with self._changed:
            self._waiting.client_has_read(self)

    def go_on(self) -> None:
        """There is room."""
        with self._changed:
            self._has_room = True
            self._changed.notify_all()
        self.join()

    def join(self) -> None:
        self._worker.join()

    def _wait(self) -> None:
        with self._changed:
            self._waiting.wait(self, self._may_go_on)

    def _may_go_on(self) -> bool:
        if not self._is_waiting:
            self._is_waiting = True
            self._changed.notify_all()
        return self.is_ended or self._has_room


class WaitingStreamsTests(SynchronousTestCase):
    """With four threads, of which three may wait."""

    def setUp(self) -> None:
        self.changed = Condition()
        self.threads = Threads(4)
        self.waiting = WaitingStreams(self.threads, self.changed)

    def begin(self, number: int) -> list[WaitingThread]:
        streams = [WaitingThread(self.waiting, self.changed) for _ in range(number)]

        def end_all() -> None:
            for each in streams:
                each.go_on()

        self.addCleanup(end_all)
        return streams

    def until_one_ended(self, streams: list[WaitingThread]) -> list[bool]:
        with self.changed:
            assert self.changed.wait_for(lambda: any(each.is_ended for each in streams), SECONDS)
        return [each.is_ended for each in streams]

    def test_three_of_four_threads_wait_whatever_happens(self) -> None:
        self.threads.waiting = 9
        streams = self.begin(3)

        assert not any(each.is_ended for each in streams)

    def test_the_fourth_one_ends_the_one_that_waits_longest_if_a_request_waits_for_a_thread(self) -> None:
        streams = self.begin(3)
        self.threads.waiting = 1

        streams += self.begin(1)

        assert self.until_one_ended(streams) == [True, False, False, False]

    def test_a_request_that_comes_later_gets_a_thread(self) -> None:
        streams = self.begin(4)
        assert not any(each.is_ended for each in streams)

        self.threads.waiting = 1

        assert self.until_one_ended(streams) == [True, False, False, False]

    def test_a_stream_whose_client_reads_is_not_the_slowest(self) -> None:
        streams = self.begin(4)
        streams[0].client_reads()
        streams[2].client_reads()

        self.threads.waiting = 1

        assert self.until_one_ended(streams) == [False, True, False, False]

    def test_one_that_has_gone_on_counts_no_more(self) -> None:
        streams = self.begin(3)
        streams[1].go_on()
        self.threads.waiting = 1

        streams += self.begin(1)

        assert not any(each.is_ended for each in streams)

    def test_a_moment_is_waited_for_a_fast_client_but_not_while_a_request_waits_for_a_thread(self) -> None:
        waiting = WaitingStreams(self.threads, self.changed, patience=SECONDS)
        asked: list[bool] = []

        def may_go_on() -> bool:
            asked.append(True)
            return len(asked) > 2

        def read() -> None:
            with self.changed:
                self.changed.notify_all()

        with self.changed:
            reader = Worker(read)
            assert waiting.wait_a_moment(may_go_on)
        reader.join()
        self.threads.waiting = 1
        asked.clear()
        with self.changed:
            assert not waiting.wait_a_moment(may_go_on)
        assert len(asked) == 1

    def test_the_only_thread_waits_only_while_nobody_needs_it(self) -> None:
        self.threads = Threads(1)
        self.waiting = WaitingStreams(self.threads, self.changed)
        streams = self.begin(1)
        assert not streams[0].is_ended

        self.threads.waiting = 1

        assert self.until_one_ended(streams) == [True]
