"""Ports: the errors for those that cannot be opened, and checks that leave nothing open."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import unix
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, eventAsText
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import BadSetting, CannotListen
from mixsvc.http.ports.handed import tcp_name
from mixsvc.http.ports.listening import ADMIN_LISTEN, check_endpoints, check_ports, close_port, open_port
from tests.test_service import Reactor


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_found_free_and_stays_so() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    check_ports([f"tcp:{port}:interface=127.0.0.1"])

    socket.create_server(("127.0.0.1", port)).close()


def test_a_busy_port_is_named_with_advice(busy: int) -> None:
    with pytest.raises(CannotListen) as raised:
        check_ports(["tcp:0", f"tcp:{busy}:interface=127.0.0.1"])

    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{busy} (Address already in use): "
        "another program uses it; stop that one, or give another port with --port"
    )


def test_a_busy_port_for_operators_is_reported_with_its_setting(busy: int) -> None:
    with pytest.raises(CannotListen, match=r"stop that one, or give another port in \[server\] admin_listen$"):
        check_ports(["tcp:0"], [f"tcp:{busy}:interface=127.0.0.1"])


def test_a_port_that_guests_and_operators_want_is_found_out() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    with pytest.raises(CannotListen, match="another endpoint of this service has this port"):
        check_ports([f"tcp:{port}"], [f"tcp:{port}"])


def test_a_port_that_the_process_before_has_with_another_interface_is_no_other_programs(busy: int) -> None:
    with pytest.raises(CannotListen, match=rf"\*:{busy}: this service has the port with another .* stop and start it$"):
        check_ports([f"tcp:{busy}"], handed={tcp_name("127.0.0.1", busy)})


def test_a_port_that_the_service_has_on_another_address_only_is_another_programs_here(busy: int) -> None:
    here, there = (f"tcp:{busy}:interface=127.0.0.{number}" for number in (1, 2))

    for handed in (set[str](), {tcp_name("127.0.0.2", busy)}):
        with pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{busy} .*: another program uses it"):
            check_ports([there, here], handed=handed)


def test_an_invalid_endpoint_for_operators_is_refused() -> None:
    with pytest.raises(BadSetting, match=r"^\[server\] admin_listen: 'x' is not an endpoint"):
        check_ports(["tcp:0"], ["x"])


def test_an_address_of_another_machine_is_named_with_advice() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1:80 .*this machine does not have that address; give one"):
        check_ports(["tcp:80:interface=192.0.2.1"])


def test_a_version_six_address_is_tried_as_such() -> None:
    check_ports([r"tcp:0:interface=\:\:1"])

    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as server:
        with pytest.raises(CannotListen, match="Address already in use"):
            check_ports([rf"tcp:{server.getsockname()[1]}:interface=\:\:1"])


@pytest.mark.parametrize("description", ["", "tcp", "tcp:x", "nonsense:1", "ssl:1:x=y"])
def test_what_is_no_endpoint_is_refused(description: str) -> None:
    with pytest.raises(BadSetting, match=r"^\[server\] listen: .* is not an endpoint \(.*\); give one such as"):
        check_ports([description])


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("tcp:99999", "A port is a number from 0 to 65535"),
        ("tcp:-1", "A port is a number from 0 to 65535"),
        ("haproxy:tcp:70000", "A port is a number from 0 to 65535"),
        ("tcp:0:interface=999.1.1.1", "Its interface is no address"),
        (r"tcp:0:interface=\:\:1\:x", "Its interface is no address"),
        (f"unix:/tmp/{'x' * 103}", "The path of the socket is too long"),
        ("unix:/nowhere/x.sock", "Its directory does not exist"),
    ],
)
def test_what_can_never_be_opened_is_found_without_opening_anything(description: str, reason: str) -> None:
    with pytest.raises(CannotListen, match=rf"\({reason}\): give another one in \[irc\] listen$"):
        check_endpoints([description], "[irc] listen")


def test_what_another_moment_may_change_is_not_looked_at(busy: int) -> None:
    check_endpoints(
        [f"tcp:{busy}:interface=127.0.0.1", "tcp:80:interface=192.0.2.1", "tcp:0:interface=web"], "[irc] listen"
    )
    check_endpoints([r"tcp:0:interface=\:\:1", "unix:x.sock"], "[irc] listen")


def test_an_address_without_its_backslashes_is_shown_with_them() -> None:
    with pytest.raises(BadSetting, match=r"is not an endpoint \(write ::1 as \\:\\:1\); give"):
        check_ports(["tcp:0:interface=::1:backlog=5"])


def test_one_port_that_two_endpoints_want_is_found_out() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]

    with pytest.raises(CannotListen, match="another endpoint of this service has this port"):
        check_ports([f"tcp:{port}", f"tcp:{port}:interface=127.0.0.1"])


def test_a_socket_in_a_directory_that_is_not_there_is_refused() -> None:
    with pytest.raises(CannotListen, match=r"unix:/nowhere/x\.sock \(Its directory does not exist\)"):
        check_ports(["unix:/nowhere/x.sock"])


def test_a_socket_with_a_path_that_is_too_long_is_refused() -> None:
    with pytest.raises(CannotListen, match="too long"):
        check_ports([f"unix:{'x' * 108}"])


def test_a_path_with_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")

    with pytest.raises(CannotListen, match="Address already in use"):
        check_ports([f"unix:{tmp_path / 'x'}"])
    assert (tmp_path / "x").read_text() == "mine"


def test_a_socket_that_somebody_listens_on_is_left_to_them(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("theirs")
        server.listen()

        with pytest.raises(CannotListen, match="Address already in use"):
            check_ports(["unix:theirs:lockfile=0"])


def test_the_socket_of_a_process_that_is_gone_may_be_replaced() -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("left")

    check_ports(["unix:left"])

    # The check changes nothing.
    assert os.path.lexists("left")


@pytest.mark.parametrize("number", [os.getpid(), 1], ids=["its own", "another"])
def test_a_lock_whose_number_another_process_has_by_now_is_named(number: int) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind("left")
    os.symlink(str(number), "left.lock")

    with pytest.raises(CannotListen) as raised:
        check_ports(["unix:left"])

    assert str(raised.value) == (
        "cannot listen on unix:left (left.lock names a process that runs): "
        "stop it if it is mixsvc, else remove that file"
    )
    check_ports(["unix:left:lockfile=0"])


@pytest.mark.parametrize("text", ["4194305", "nonsense"])
def test_a_lock_that_names_no_running_process_is_ignored(text: str) -> None:
    os.symlink(text, "left.lock")

    check_ports(["unix:left"])

    assert os.readlink("left.lock") == text


def test_an_endpoint_that_clients_cannot_connect_to_is_refused() -> None:
    with pytest.raises(BadSetting, match="does not listen for clients"):
        check_ports(["stdio:"])


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

    def test_a_lock_that_came_meanwhile_is_named(self) -> None:
        os.symlink("1", "x.lock")

        refused = self.failureResultOf(_opened(Kernel(), "unix:x", Factory()), CannotListen)

        assert "(x.lock names a process that runs): stop it if it is mixsvc, else remove that file" in str(
            refused.value
        )

    def test_the_setting_of_another_port_is_named(self) -> None:
        reactor = Reactor()
        reactor.busy_port = 9090

        opening = Deferred.fromCoroutine(open_port(reactor, "tcp:9090", Factory(), ADMIN_LISTEN))

        refused = self.failureResultOf(opening, CannotListen)
        assert str(refused.value).endswith("give another port in [server] admin_listen")


class ClosePortTests(SynchronousTestCase):
    """Sockets in the file system, on a reactor that does not run."""

    def test_a_socket_and_its_lock_are_removed(self) -> None:
        reactor = Kernel()
        port = self.successResultOf(_opened(reactor, "unix:x", Factory()))
        assert sorted(os.listdir()) == ["x", "x.lock"]

        closed = Deferred.fromCoroutine(close_port(port))
        reactor.advance(0)

        self.successResultOf(closed)
        assert os.listdir() == []

    def test_a_socket_that_may_not_be_removed_is_closed_and_told_of(self) -> None:
        reactor = Kernel()
        port = Immovable(b"x", Factory(), reactor=reactor, wantPID=True)
        port.startListening()
        descriptor = port.fileno()

        with capturedLogs() as events:
            closed = Deferred.fromCoroutine(close_port(port))
            reactor.advance(0)

        self.successResultOf(closed)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
        assert [eventAsText(event, includeTimestamp=False, includeSystem=False) for event in events][-1:] == [
            "mixsvc: cannot remove x and x.lock (Permission denied); "
            "remove what is left, or give the socket a folder that belongs to the user of --uid"
        ]


class Kernel(MemoryReactorClock):
    """Opens real sockets with a path, and does not use them."""

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> unix.Port:
        port = unix.Port(os.fsencode(address), factory, backlog, mode, self, wantPID)
        port.startListening()
        return port


class Immovable(unix.Port):
    """In a folder of another user."""

    def connectionLost(self, reason: Failure) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")


def _opened(reactor: object, description: str, factory: Factory):  # type: ignore[no-untyped-def]
    from twisted.internet.defer import ensureDeferred

    return ensureDeferred(open_port(reactor, description, factory))
