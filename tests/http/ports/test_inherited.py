"""Sockets that another program has opened, and what else it may pass instead."""

import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from mixsvc.http.ports.inherited import (
    AdoptingReactor,
    UnusableDescriptor,
    family_of,
    passed_sockets,
    why_not_passed,
)

OURS = str(os.getpid())


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes at the end what is opened here."""
    with ExitStack() as stack:
        yield stack


def tcp(stack: ExitStack, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
    made = stack.enter_context(socket.socket(family, kind))
    made.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    return made


def listening(stack: ExitStack, family: int = socket.AF_INET) -> socket.socket:
    made = tcp(stack, family)
    made.listen()
    return made


def local(stack: ExitStack, kind: int = socket.SOCK_STREAM) -> socket.socket:
    made = stack.enter_context(socket.socket(socket.AF_UNIX, kind))
    made.bind("web")
    if kind != socket.SOCK_DGRAM:
        made.listen()
    return made


def connected(stack: ExitStack) -> socket.socket:
    port = listening(stack)
    stack.enter_context(socket.create_connection(port.getsockname()))
    return stack.enter_context(port.accept()[0])


def passed_file(stack: ExitStack) -> Any:
    return stack.enter_context(open(os.devnull))


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_has_the_family_of_its_socket(opened: ExitStack, family: int) -> None:
    assert family_of(listening(opened, family).fileno()) == family


def test_a_unix_socket_is_one(opened: ExitStack) -> None:
    assert family_of(local(opened).fileno()) == socket.AF_UNIX


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda stack: tcp(stack, kind=socket.SOCK_DGRAM), "is not a stream socket"),
        (lambda stack: local(stack, socket.SOCK_DGRAM), "is not a stream socket"),
        (lambda stack: local(stack, socket.SOCK_SEQPACKET), "is not a stream socket"),
        (tcp, "does not listen"),
        (connected, "is a connection and not a port; use Accept=no"),
        (passed_file, "is no socket"),
    ],
    ids=["datagrams", "local datagrams", "packets", "not listening", "a connection", "a file"],
)
def test_everything_else_is_refused_with_advice(opened: ExitStack, make: Callable[[ExitStack], Any], said: str) -> None:
    with pytest.raises(UnusableDescriptor, match=said):
        family_of(make(opened).fileno())


def test_a_descriptor_that_is_not_open_is_refused() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)

    with pytest.raises(UnusableDescriptor, match="is no socket"):
        family_of(reading)


class AdoptedReactor(Clock):
    """Takes what a port asks of a reactor."""

    def __init__(self) -> None:
        Clock.__init__(self)
        self.adopted: list[int] = []

    def adoptStreamPort(self, descriptor: int, family: int, factory: object) -> None:
        self.adopted.append(family)

    def addReader(self, reader: object) -> None:
        """See IReactorFDSet."""

    def removeReader(self, reader: object) -> None:
        """See IReactorFDSet."""

    def removeWriter(self, writer: object) -> None:
        """See IReactorFDSet."""


def test_a_dual_stack_socket_is_served_as_one_though_the_endpoint_says_ipv4(opened: ExitStack) -> None:
    reactor = AdoptedReactor()

    AdoptingReactor(reactor).adoptStreamPort(listening(opened, socket.AF_INET6).fileno(), socket.AF_INET, Factory())

    assert reactor.adopted == [socket.AF_INET6]


def test_a_unix_socket_keeps_its_file_its_mode_and_its_queue(opened: ExitStack) -> None:
    ours = local(opened)
    os.chmod("web", 0o660)
    reactor: Any = AdoptedReactor()

    port = AdoptingReactor(reactor).adoptStreamPort(ours.fileno(), socket.AF_INET, Factory())
    assert port.getHost().name == b"web"
    port.stopListening()
    reactor.advance(0)

    assert stat.S_IMODE(Path("web").stat().st_mode) == 0o660
    # It listens for the next start.
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("web")
        ours.accept()[0].close()


@pytest.mark.parametrize(
    ("environ", "passed"),
    [
        ({}, (0, [])),
        ({"LISTEN_PID": OURS, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:admin"}, (2, ["web", "admin"])),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}, (0, [])),
        ({"LISTEN_PID": OURS, "LISTEN_FDS": "many", "LISTEN_FDNAMES": "web"}, (0, ["web"])),
        ({"LISTEN_PID": OURS, "LISTEN_FDS": "1"}, (1, [])),
    ],
)
def test_what_was_passed_is_read_from_the_environment(
    environ: Mapping[str, str], passed: tuple[int, list[str]]
) -> None:
    assert passed_sockets(environ) == passed


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "systemd has passed no such socket"),
        ({"LISTEN_PID": OURS, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"}, "systemd has passed no such socket, only a"),
        ({"LISTEN_PID": OURS, "LISTEN_FDS": "1"}, "without names, and each needs one: FileDescriptorName="),
        ({"LISTEN_PID": OURS, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web"}, "LISTEN_FDS=2 does not fit"),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"}, "must start this one with exec"),
    ],
)
def test_why_a_socket_is_not_there_is_said(environ: Mapping[str, str], said: str) -> None:
    assert said in why_not_passed(environ)
