"""A child's frames: in order, complete, and no more of them in memory than may be."""

import socket
from threading import Event, Thread

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.frames import FrameReader, encode_frame
from mixsvc.wsgi.children.sender import MAX_WAITING, FrameSender

SECONDS = 60.0


class FrameSenderTests(SynchronousTestCase):
    """FrameSender, and a service that reads when the test does."""

    def setUp(self) -> None:
        self.service, self.child = socket.socketpair()
        self.addCleanup(self.service.close)
        self.addCleanup(self.child.close)
        self.service.settimeout(SECONDS)
        self.lost = Event()
        self.sender = FrameSender(self.child, self.lost.set)

    def test_frames_of_many_threads_are_whole_and_each_threads_are_in_order(self) -> None:
        def work(type: int) -> None:
            for id in range(200):
                self.sender.send(encode_frame(type, id, bytes([type]) * (id * 7)))

        threads = [Thread(target=work, args=(type,), daemon=True) for type in range(5)]
        for thread in threads:
            thread.start()
        reader = FrameReader()
        ids: list[list[int]] = [[] for _ in threads]
        while sum(map(len, ids)) < 1000:
            for type, id, payload in reader.feed(self.service.recv(65536)):
                assert payload == bytes([type]) * (id * 7)
                ids[type].append(id)

        assert ids == [list(range(200))] * 5

    def test_whoever_has_too_much_waits_until_the_service_reads(self) -> None:
        sent = Event()

        def work() -> None:
            for _ in range(4):
                self.sender.send(bytes(MAX_WAITING))
            sent.set()

        first, second = Thread(target=work, daemon=True), Thread(target=work, daemon=True)
        first.start()
        second.start()
        assert not sent.wait(0.05)

        left = 8 * MAX_WAITING
        while left:
            left -= len(self.service.recv(2**20))
        first.join(SECONDS)
        second.join(SECONDS)

        assert sent.is_set()

    def test_a_service_that_has_ended_is_noticed(self) -> None:
        self.service.close()

        self.sender.send(b"x" * 10)

        assert self.lost.is_set()
