"""The Unix socket of the operators in the file system."""

import os
import socket
import stat
from pathlib import Path

import pytest

from mixsvc.errors import BadSetting, CannotListen
from mixsvc.operations.control.socket_file import LONGEST_PATH, SocketFile, check_control

PATH = "x.ctl"


def test_it_is_for_its_user_only_whatever_the_umask_is() -> None:
    before = os.umask(0)
    try:
        file = SocketFile(PATH)
    finally:
        umask = os.umask(before)

    assert stat.S_IMODE(Path(PATH).stat().st_mode) == 0o600
    assert umask == 0
    file.close()


def test_the_mode_is_right_from_the_first_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []

    class Watched(socket.socket):
        def bind(self, address: object) -> None:
            super().bind(str(address))
            modes.append(stat.S_IMODE(Path(str(address)).stat().st_mode))

    monkeypatch.setattr(socket, "socket", Watched)
    SocketFile(PATH).close()

    assert modes == [0o600]


def test_it_is_removed_at_the_end() -> None:
    file = SocketFile(PATH)
    file.close()
    file.close()

    assert not Path(PATH).exists()


def test_the_socket_of_a_dead_service_is_replaced() -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(PATH)

    file = SocketFile(PATH)

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(PATH)
    file.close()


def test_the_socket_of_a_living_service_stays() -> None:
    living = SocketFile(PATH)

    with pytest.raises(CannotListen, match=r"^another service has the socket x\.ctl; .* \[server\] control$"):
        SocketFile(PATH)

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(PATH)
    living.close()


def test_the_socket_of_a_successor_is_not_removed() -> None:
    file = SocketFile(PATH)
    Path(PATH).unlink()
    successor = SocketFile(PATH)

    file.close()

    assert Path(PATH).exists()
    successor.close()


def test_a_file_that_is_no_socket_stays() -> None:
    Path(PATH).write_text("important")

    with pytest.raises(BadSetting, match=r"^\[server\] control = x\.ctl cannot be used \(there is something else"):
        SocketFile(PATH)

    assert Path(PATH).read_text() == "important"


def test_a_path_is_as_long_as_the_system_takes_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.chdir("/")
    longest = "/tmp/" + "x" * (LONGEST_PATH - 5)
    check_control(longest)

    with pytest.raises(BadSetting, match=r"it has 108 bytes, and a socket's path at most 107\); give another path"):
        check_control(longest + "x")


def test_a_folder_that_does_not_exist_is_named() -> None:
    with pytest.raises(BadSetting, match=r"nowhere/x\.ctl cannot be used \(its directory does not exist\)"):
        check_control("nowhere/x.ctl")


def test_a_process_that_takes_over_has_the_socket_and_its_file(tmp_path: Path) -> None:
    path = str(tmp_path / "ctl")
    old = SocketFile(path)
    new = SocketFile.adopted(path, os.dup(old.socket.fileno()))

    old.leave()
    old.close()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        new.socket.accept()[0].close()
    new.close()

    assert not os.path.exists(path)


def test_one_whose_name_is_gone_is_made_again() -> None:
    old = SocketFile(PATH)
    os.unlink(PATH)

    new = SocketFile.adopted(PATH, os.dup(old.socket.fileno()))

    with socket.socket(socket.AF_UNIX) as client:
        client.connect(PATH)
    old.close()
    assert Path(PATH).exists()
    new.close()


def test_a_file_that_has_the_name_of_one_that_was_handed_down_stays() -> None:
    old = SocketFile(PATH)
    os.unlink(PATH)
    Path(PATH).write_text("important")

    with pytest.raises(BadSetting, match=r"there is something else of this name\)"):
        SocketFile.adopted(PATH, os.dup(old.socket.fileno()))

    old.close()
    assert Path(PATH).read_text() == "important"
