"""Ports: what is said of one that cannot be had, and that trying leaves nothing open."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import BadSetting, CannotListen
from mixsvc.ports import open_port, rehearse


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_found_free_and_stays_so() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    rehearse([f"tcp:{port}:interface=127.0.0.1"])

    socket.create_server(("127.0.0.1", port)).close()


def test_a_busy_port_is_named_with_advice(busy: int) -> None:
    with pytest.raises(CannotListen) as raised:
        rehearse(["tcp:0", f"tcp:{busy}:interface=127.0.0.1"])

    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{busy} (Address already in use): "
        "another program uses it; stop that one, or give another port with --port"
    )


def test_an_address_of_another_machine_is_named_with_advice() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1:80 .*this machine does not have that address; give one"):
        rehearse(["tcp:80:interface=192.0.2.1"])


def test_a_version_six_address_is_tried_as_such() -> None:
    rehearse([r"tcp:0:interface=\:\:1"])


@pytest.mark.parametrize("description", ["", "tcp", "tcp:x", "nonsense:1", "ssl:1:privateKey=/nowhere.pem"])
def test_what_is_no_endpoint_is_refused(description: str) -> None:
    with pytest.raises(BadSetting, match=r"^\[server\] listen: .* is no endpoint \(.*\); give one such as"):
        rehearse([description])


def test_sockets_in_the_file_system_are_left_alone() -> None:
    rehearse(["unix:/nowhere/x.sock"])


class OpenPortTests(SynchronousTestCase):
    """Opening, on a reactor in memory."""

    def test_it_listens_with_the_factory(self) -> None:
        reactor, factory = MemoryReactorClock(), Factory()

        self.successResultOf(_opened(reactor, "tcp:8080:interface=127.0.0.1", factory))

        assert reactor.tcpServers == [(8080, factory, 50, "127.0.0.1")]


def _opened(reactor: object, description: str, factory: Factory):  # type: ignore[no-untyped-def]
    from twisted.internet.defer import ensureDeferred

    return ensureDeferred(open_port(reactor, description, factory))
