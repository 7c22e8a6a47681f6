"""Who is accepted at the socket of the operators; with real sockets, and a reactor in memory."""

import errno
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.testing import MemoryReactorClock, StringTransport
from zope.interface.verify import verifyObject

from mixsvc.operations.control import acceptor
from mixsvc.operations.control.acceptor import ControlAcceptor
from mixsvc.operations.control.socket_file import SocketFile

PATH = "x.ctl"


class Reactor(MemoryReactorClock):
    """Connects what it adopts with transports in memory."""

    def adoptStreamConnection(self, descriptor: int, family: int, factory: Any) -> None:
        protocol = factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())


class Listening:
    """An acceptor, and how often its desk was loaded."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.loaded: list[object] = []
        self.acceptor = ControlAcceptor(self.reactor, SocketFile(PATH), self._load)

    def _load(self) -> Any:
        self.loaded.append(object())
        return self.loaded[-1]

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.connect(PATH)
        self.acceptor.doRead()
        return client


@pytest.fixture
def listening() -> Iterator[Listening]:
    found = Listening()
    yield found
    found.acceptor.close()


def test_it_is_read_from_the_beginning_to_the_end(listening: Listening) -> None:
    assert verifyObject(IReadDescriptor, listening.acceptor)
    assert listening.reactor.getReaders() == [listening.acceptor]

    listening.acceptor.close()

    assert listening.reactor.getReaders() == []
    assert not os.path.exists(PATH)


def test_what_answers_is_loaded_once_and_not_before_the_first_question(listening: Listening) -> None:
    assert not listening.loaded

    with listening.connect(), listening.connect():
        assert len(listening.loaded) == 1
        assert len(listening.acceptor.transports()) == 2


def test_another_user_is_refused(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "_user_of", lambda client: os.geteuid() + 12345)

    with listening.connect() as client:
        answer = json.loads(client.recv(1000))

    assert answer == {"ok": False, "error": "only root and the user of the service may ask it"}
    assert not listening.acceptor.transports()


def test_without_descriptors_it_pauses_and_goes_on(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def accept(self) -> Any:
            raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(listening.acceptor, "_file", Full())
    monkeypatch.setattr(Full, "socket", Full(), raising=False)
    listening.acceptor.doRead()
    assert listening.reactor.getReaders() == []
    monkeypatch.undo()

    listening.reactor.advance(1)

    assert listening.reactor.getReaders() == [listening.acceptor]


def test_who_gets_the_last_descriptor_is_told_so_and_the_next_one_is_served(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, family: int, factory: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(listening.reactor, "adoptStreamConnection", full)
        with listening.connect() as client:
            answer = json.loads(client.recv(1000))

    assert answer == {"ok": False, "error": "the service cannot answer now (Too many open files); try again"}
    with listening.connect():
        assert len(listening.acceptor.transports()) == 1
