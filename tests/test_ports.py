"""Ports: what is said of one that cannot be had, and that trying leaves nothing open."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

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


def test_one_port_that_two_endpoints_want_is_found_out() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    with pytest.raises(CannotListen, match="Address already in use"):
        rehearse([f"tcp:{port}", f"tcp:{port}:interface=127.0.0.1"])


def test_a_socket_in_a_directory_that_is_not_there_is_refused() -> None:
    with pytest.raises(CannotListen, match=r"unix:/nowhere/x\.sock \(Its directory does not exist\)"):
        rehearse(["unix:/nowhere/x.sock"])


def test_a_socket_with_a_path_that_is_too_long_is_refused() -> None:
    with pytest.raises(CannotListen, match="too long"):
        rehearse([f"unix:{'x' * 108}"])


def test_a_path_with_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")

    with pytest.raises(CannotListen, match="Address already in use"):
        rehearse([f"unix:{tmp_path / 'x'}"])
    assert (tmp_path / "x").read_text() == "mine"


def test_a_socket_that_somebody_listens_on_is_left_to_them(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("theirs")
        server.listen()

        with pytest.raises(CannotListen, match="Address already in use"):
            rehearse(["unix:theirs:lockfile=0"])


def test_the_socket_of_a_process_that_is_gone_may_be_replaced() -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("left")

    rehearse(["unix:left"])


def test_what_nobody_can_connect_to_is_refused() -> None:
    with pytest.raises(BadSetting, match="nothing that clients could connect to"):
        rehearse(["stdio:"])


class OpenPortTests(SynchronousTestCase):
    """Opening, on a reactor in memory."""

    def test_it_listens_with_the_factory(self) -> None:
        reactor, factory = MemoryReactorClock(), Factory()

        self.successResultOf(_opened(reactor, "tcp:8080:interface=127.0.0.1", factory))

        assert reactor.tcpServers == [(8080, factory, 4096, "127.0.0.1")]

    def test_many_may_wait_to_be_accepted_unless_it_says_how_many(self) -> None:
        reactor, factory = MemoryReactorClock(), Factory()

        self.successResultOf(_opened(reactor, "tcp:8080:backlog=7", factory))
        self.successResultOf(_opened(reactor, "unix:/run/x:lockfile=0", factory))
        self.successResultOf(_opened(reactor, "haproxy:tcp:8081", factory))

        assert [backlog for _, _, backlog, _ in reactor.tcpServers] == [7, 4096]
        assert reactor.unixServers[0][2] == 4096


def _opened(reactor: object, description: str, factory: Factory):  # type: ignore[no-untyped-def]
    from twisted.internet.defer import ensureDeferred

    return ensureDeferred(open_port(reactor, description, factory))
