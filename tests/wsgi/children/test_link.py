"""The service's end of the socket to a child: real sockets under a reactor of the test's own."""

import array
import os
import socket
from typing import Any

from twisted.internet.selectreactor import SelectReactor
from twisted.internet.unix import Server
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.frames import Frame, FrameReader, FrameType, encode_frame
from mixsvc.wsgi.children.link import ChildLink

SECONDS = 60.0


class ChildLinkTests(SynchronousTestCase):
    """ChildLink; the test plays the child."""

    def setUp(self) -> None:
        self.reactor: Any = SelectReactor()
        ours, self.child = socket.socketpair()
        self.addCleanup(self.child.close)
        self.child.settimeout(SECONDS)
        self.came: list[Frame] = []
        self.lost: list[str] = []
        self.link = ChildLink(self.reactor, self.received, self.lost.append)
        self.transport = Server(ours, self.link, "", None, 0, self.reactor)
        self.link.makeConnection(self.transport)
        self.transport.startReading()
        self.addCleanup(self.reactor.removeAll)
        self.addCleanup(ours.close)

    def received(self, frame: Frame) -> None:
        self.came.append(frame)
        if frame.type == FrameType.LOG:
            raise LookupError("of a handler")

    def turn(self) -> None:
        """One turn of the reactor."""
        self.reactor.runUntilCurrent()
        self.reactor.doIteration(0)

    def test_the_frames_of_one_turn_come_in_one_piece(self) -> None:
        frames = [encode_frame(FrameType.ROOM, id) for id in range(3)]
        for frame in frames:
            self.link.send(frame)

        self.reactor.runUntilCurrent()

        assert self.child.recv(65536) == b"".join(frames)

    def test_frames_keep_their_order_when_the_socket_is_full_and_later(self) -> None:
        reader = FrameReader()
        ids: list[int] = []
        for id in range(60):
            self.link.send(encode_frame(FrameType.RATES, id, bytes(30_000)))
            self.reactor.runUntilCurrent()
        while len(ids) < 60:
            self.turn()
            ids += [frame.id for frame in reader.feed(self.child.recv(65536))]
        self.turn()
        self.link.send(encode_frame(FrameType.STOP, 99))
        self.reactor.runUntilCurrent()

        assert ids == list(range(60))
        assert list(reader.feed(self.child.recv(65536))) == [Frame(FrameType.STOP, 99, b"")]

    def test_descriptors_come_no_later_than_their_frames_and_in_their_order(self) -> None:
        files = [os.memfd_create(str(number)) for number in range(3)]
        for number, file in enumerate(files):
            os.write(file, b"%d" % number)
            self.link.send(encode_frame(FrameType.ROOM, number))
            self.link.send(encode_frame(FrameType.CALL, number), file)
        self.turn()
        for file in files:
            os.close(file)

        found = array.array("i")
        reader = FrameReader()
        frames: list[Frame] = []
        while len(frames) < 6:
            data, ancillary, _, _ = self.child.recvmsg(65536, socket.CMSG_SPACE(64))
            for _, _, numbers in ancillary:
                found.frombytes(numbers)
            frames += list(reader.feed(data))
            assert len(found) >= sum(frame.type == FrameType.CALL for frame in frames)

        assert [frame.id for frame in frames] == [0, 0, 1, 1, 2, 2]
        assert [os.pread(file, 10, 0) for file in found] == [b"0", b"1", b"2"]
        for file in found:
            os.close(file)

    def test_a_handler_that_fails_does_not_stop_the_reading(self) -> None:
        self.child.sendall(encode_frame(FrameType.LOG, 0) + encode_frame(FrameType.END, 1))
        self.turn()
        self.child.sendall(encode_frame(FrameType.END, 2))
        self.turn()

        assert [frame.id for frame in self.came] == [0, 1, 2]
        assert len(self.flushLoggedErrors(LookupError)) == 1

    def test_bytes_that_are_no_frame_end_the_connection(self) -> None:
        self.child.sendall(encode_frame(FrameType.END, 1) + b"\xff" * 9)
        self.turn()
        self.turn()

        assert [frame.id for frame in self.came] == [1]
        assert self.lost == ["a frame of 4294967295 bytes is too large"]
        assert self.child.recv(10) == b""

    def test_of_what_is_replaced_only_the_latest_waits_for_a_child_that_does_not_read(self) -> None:
        self.link.send(encode_frame(FrameType.REPLY, 1, bytes(500_000)))
        self.turn()
        for id in range(100):
            self.link.send_latest(encode_frame(FrameType.RATES, id, bytes(100_000)))
            self.turn()
        reader = FrameReader()
        frames: list[Frame] = []
        while not frames or frames[-1].id != 99:
            self.turn()
            frames += list(reader.feed(self.child.recv(65536)))

        assert [frame.id for frame in frames] == [1, 99]

    def test_what_is_sent_after_the_end_is_forgotten(self) -> None:
        self.link.send(encode_frame(FrameType.STOP, 0))
        self.child.close()
        self.turn()
        self.turn()
        self.link.send(encode_frame(FrameType.STOP, 0))
        self.turn()

        assert self.lost == [""]
