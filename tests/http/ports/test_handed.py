"""Listening sockets that one process hands to the next one, with real sockets and without a reactor that runs."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import tcp, unix
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock

from mixsvc.errors import CannotListen
from mixsvc.http.ports.handed import HandingReactor, tcp_name, unix_name
from mixsvc.http.ports.listening import check_ports


class Reactor(Clock):
    """Opens real ports, and reads none of them."""

    def addReader(self, reader: object) -> None:
        """See IReactorFDSet."""

    def removeReader(self, reader: object) -> None:
        """See IReactorFDSet."""

    def removeWriter(self, writer: object) -> None:
        """See IReactorFDSet."""

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        opened: Any = tcp.Port(port, factory, backlog, interface, self)
        opened.startListening()
        return opened

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> Any:
        opened: Any = unix.Port(os.fsencode(address), factory, backlog, mode, self, wantPID)
        opened.startListening()
        return opened

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> Any:
        opened: Any = tcp.Port._fromListeningDescriptor(self, descriptor, family, factory)
        opened.startListening()
        return opened


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    """Ends at the end what is opened here."""
    with ExitStack() as stack:
        yield stack


def close(port: Any) -> None:
    port.stopListening()
    port.reactor.advance(0)


def handed_on(old: HandingReactor) -> dict[str, int]:
    """What a child inherits: descriptors of its own on the same sockets."""
    return {name: os.dup(number) for name, number in old.open_sockets().items()}


def test_a_tcp_socket_goes_to_the_next_process_with_those_who_wait(ends: ExitStack) -> None:
    old = HandingReactor(Reactor(), {})
    port: Any = old.listenTCP(0, Factory(), interface="127.0.0.1")
    host = port.getHost()
    waiting = ends.enter_context(socket.create_connection(("127.0.0.1", port.getHost().port)))

    handed = handed_on(old)
    new = HandingReactor(Reactor(), handed)
    adopted: Any = new.listenTCP(0, Factory(), interface="127.0.0.1")
    ends.callback(close, adopted)
    old.abandon()
    close(port)

    assert adopted.getHost() == host
    accepted, address = adopted.socket.accept()
    ends.enter_context(accepted)
    assert address == waiting.getsockname()
    # Under the same name to the process after that.
    assert list(new.open_sockets()) == list(handed)


def test_sockets_whose_ports_the_system_has_chosen_are_told_apart_by_their_settings(ends: ExitStack) -> None:
    old = HandingReactor(Reactor(), {})
    ports = {
        (setting, number): old.of(setting).listenTCP(0, Factory(), interface="127.0.0.1")
        for setting in ("[server] listen", "[irc] listen")
        for number in range(2)
    }
    hosts = {place: port.getHost() for place, port in ports.items()}

    new = HandingReactor(Reactor(), handed_on(old))
    adopted = {
        (setting, number): new.of(setting).listenTCP(0, Factory(), interface="127.0.0.1")
        for setting in ("[irc] listen", "[server] listen")
        for number in range(2)
    }
    for port in (*ports.values(), *adopted.values()):
        ends.callback(close, port)

    assert {place: port.getHost() for place, port in adopted.items()} == hosts


def test_what_nobody_has_handed_down_is_opened(ends: ExitStack) -> None:
    reactor = HandingReactor(Reactor(), {})

    port: Any = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
    ends.callback(close, port)

    assert port.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


def handed_unix(ends: ExitStack, path: Path, mode: int = 0o666, is_gone: bool = False) -> tuple[HandingReactor, Any]:
    """A Unix socket that another process has opened, with its lock, and has abandoned.

    mode: the one that the next process wants. is_gone: whether somebody has removed its file.
    """
    old = HandingReactor(Reactor(), {})
    kept: Any = old.listenUNIX(str(path), Factory(), wantPID=True)
    ends.callback(kept.socket.close)
    os.unlink(f"{path}.lock")
    # The old process, which lives still.
    os.symlink("1", f"{path}.lock")
    if is_gone:
        path.unlink()
    new = HandingReactor(Reactor(), handed_on(old))
    port: Any = new.listenUNIX(str(path), Factory(), mode=mode, wantPID=True)
    old.abandon()
    return new, port


def test_the_files_of_a_unix_socket_belong_to_the_process_that_has_taken_over(ends: ExitStack, tmp_path: Path) -> None:
    new, port = handed_unix(ends, tmp_path / "web")

    new.take_over()
    assert os.readlink(tmp_path / "web.lock") == str(os.getpid())
    close(port)

    assert list(tmp_path.iterdir()) == []


def test_a_unix_socket_has_the_mode_of_the_process_that_has_taken_over(ends: ExitStack, tmp_path: Path) -> None:
    path = tmp_path / "web"
    new, port = handed_unix(ends, path, mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666

    new.take_over()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    close(port)


def test_a_unix_socket_whose_file_is_gone_is_made_again(ends: ExitStack, tmp_path: Path) -> None:
    path = tmp_path / "web"

    new, port = handed_unix(ends, path, mode=0o600, is_gone=True)
    new.take_over()

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        port.socket.accept()[0].close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.readlink(f"{path}.lock") == str(os.getpid())
    close(port)
    assert list(tmp_path.iterdir()) == []


def test_a_plain_file_in_the_place_of_a_unix_socket_stays_and_is_refused(ends: ExitStack, tmp_path: Path) -> None:
    path = tmp_path / "web"
    old = HandingReactor(Reactor(), {})
    kept: Any = old.listenUNIX(str(path), Factory())
    ends.callback(kept.socket.close)
    path.unlink()
    path.write_text("kept")

    with pytest.raises(CannotListen, match="Address already in use"):
        check_ports([f"unix:{path}"], handed={unix_name(str(path))})
    # It may come after the check.
    with pytest.raises(OSError, match="Address already in use"):
        HandingReactor(Reactor(), handed_on(old)).listenUNIX(str(path), Factory())

    assert path.read_text() == "kept"


def test_a_process_that_does_not_take_over_leaves_the_files_and_the_socket_alone(
    ends: ExitStack, tmp_path: Path
) -> None:
    path = tmp_path / "web"
    first = HandingReactor(Reactor(), {})
    kept: Any = first.listenUNIX(str(path), Factory(), wantPID=True)
    ends.callback(close, kept)
    second: Any = HandingReactor(Reactor(), handed_on(first)).listenUNIX(str(path), Factory(), wantPID=True)

    close(second)

    assert os.readlink(f"{path}.lock") == str(os.getpid())
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        kept.socket.accept()[0].close()


def test_sockets_that_were_handed_down_are_no_conflict_for_the_check(ends: ExitStack, tmp_path: Path) -> None:
    taken = ends.enter_context(socket.create_server(("127.0.0.1", 0)))
    number = taken.getsockname()[1]
    path = tmp_path / "admin"
    local = ends.enter_context(socket.socket(socket.AF_UNIX))
    local.bind(str(path))
    local.listen()

    check_ports(
        [f"tcp:{number}:interface=127.0.0.1"],
        [f"unix:{path}"],
        handed={tcp_name("127.0.0.1", number), unix_name(str(path))},
    )


def test_the_files_of_a_unix_socket_that_is_not_asked_for_are_removed(ends: ExitStack, tmp_path: Path) -> None:
    old = HandingReactor(Reactor(), {})
    web: Any = old.listenUNIX(str(tmp_path / "web"), Factory(), wantPID=True)
    admin: Any = old.listenUNIX(str(tmp_path / "admin"), Factory())
    for port in (web, admin):
        ends.callback(port.socket.close)
    # Somebody has put something else in the place of this one.
    (tmp_path / "admin").unlink()
    (tmp_path / "admin").write_text("kept")
    handed = handed_on(old)

    HandingReactor(Reactor(), handed).close_rest()

    assert [each.name for each in tmp_path.iterdir()] == ["admin"]


def test_a_socket_that_another_program_has_bound_there_meanwhile_is_not_removed(
    ends: ExitStack, tmp_path: Path
) -> None:
    path = tmp_path / "web"
    old = HandingReactor(Reactor(), {})
    kept: Any = old.listenUNIX(str(path), Factory(), wantPID=True)
    ends.callback(kept.socket.close)
    path.unlink()
    other = ends.enter_context(socket.socket(socket.AF_UNIX))
    other.bind(str(path))
    listen = f"import socket; socket.socket(fileno={other.fileno()}).listen()"
    subprocess.run([sys.executable, "-S", "-c", listen], pass_fds=[other.fileno()], check=True)

    HandingReactor(Reactor(), handed_on(old)).close_rest()

    assert path.is_socket()


def test_what_is_not_asked_for_is_closed(ends: ExitStack) -> None:
    old = HandingReactor(Reactor(), {})
    port: Any = old.listenTCP(0, Factory(), interface="127.0.0.1")
    ends.callback(close, port)
    (number,) = (handed := handed_on(old)).values()

    HandingReactor(Reactor(), handed).close_rest()

    with pytest.raises(OSError):
        os.fstat(number)
