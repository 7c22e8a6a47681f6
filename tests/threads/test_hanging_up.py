import os
import socket

from mixsvc.threads.hanging_up import hang_up


def test_whoever_waits_for_a_socket_that_is_hung_up_gets_its_end_and_keeps_the_descriptor() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)

        hang_up(ours.fileno())

        assert ours.recv(1) == theirs.recv(1) == b""
        os.fstat(ours.fileno())


def test_what_is_not_connected_or_not_open_any_more_is_left_alone() -> None:
    with socket.socket() as alone:
        hang_up(alone.fileno())
        closed = os.dup(alone.fileno())
        os.close(closed)

        hang_up(closed)
