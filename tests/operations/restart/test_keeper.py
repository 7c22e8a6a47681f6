"""The process that waits in the foreground for the service, as a program."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import pytest

from mixsvc.operations.restart import keeper, keeping
from tests.builds import PROJECT
from tests.e2e.support.waiting import wait_until

SECONDS = 60

# Starts a service, says so, and becomes its keeper.
START = f"""
import os, signal, socket, sys
sys.path.insert(0, {str(PROJECT)!r})
from mixsvc.operations.restart.keeping import adopt_orphans, keep_service
adopt_orphans()
service = os.fork()
if not service:
    os.execv("/bin/sh", ["sh", "-c", sys.argv[2]])
exec(sys.argv[3])
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
os.write(1, b"kept\\n")
keep_service(service, socket.socket(fileno=int(sys.argv[1])))
"""


@contextmanager
def kept(script: str, link: socket.socket, *inherited: int, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """A keeper. script: of sh, which is the service. inherited: what it finds open. before: Python that comes first."""
    command = [sys.executable, "-c", START, str(link.fileno()), script, before]
    descriptors = [link.fileno(), *inherited]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=descriptors
    ) as keeper:
        try:
            yield keeper
        finally:
            keeper.kill()


def said(keeper: "subprocess.Popen[str]") -> set[str]:
    """What the service and its keeper say, a line each."""
    assert keeper.stdout
    return {keeper.stdout.readline().strip(), keeper.stdout.readline().strip()}


def parent(process: str) -> int:
    """The number of its parent."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def link() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The end of the service, and that of the keeper."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -KILL $$", -signal.SIGKILL)])
def test_it_ends_as_the_service_does(link: tuple[socket.socket, socket.socket], script: str, status: int) -> None:
    with kept(script, link[1]) as keeper:
        assert keeper.wait(SECONDS) == status


def test_signals_reach_the_service(link: tuple[socket.socket, socket.socket]) -> None:
    with kept("trap 'exit 5' TERM; echo ready; sleep 60 & wait", link[1]) as keeper:
        assert said(keeper) == {"ready", "kept"}

        keeper.terminate()

        assert keeper.wait(SECONDS) == 5


def test_it_follows_the_service_from_process_to_process(link: tuple[socket.socket, socket.socket]) -> None:
    first, second = os.pipe(), os.pipe()
    script = f"sh -c 'echo $$; read x < /dev/fd/{second[0]}; exit 7' & read x < /dev/fd/{first[0]}"
    with kept(script, link[1], first[0], second[0]) as keeper:
        (successor,) = said(keeper) - {"kept"}
        # A process that it has not yet heard of has left its place already.
        link[0].send(f"1\n{successor}\n".encode())
        os.write(first[1], b"end\n")
        # Before that, its parent could see its end.
        wait_until(lambda: parent(successor) == keeper.pid, "the first process has ended")
        os.write(second[1], b"end\n")

        assert keeper.wait(SECONDS) == 7
    for each in (*first, *second):
        os.close(each)


def test_signals_reach_the_next_process_while_the_one_before_it_ends(
    link: tuple[socket.socket, socket.socket],
) -> None:
    first = os.pipe()
    heeding = "sleep 60 & trap 'kill $!; echo told; exit' TERM; echo $$; wait"
    with kept(f"sh -c {quote(heeding)} & wait; echo seen; read x < /dev/fd/{first[0]}", link[1], first[0]) as keeper:
        (successor,) = said(keeper) - {"kept"}
        link[0].send(f"{successor}\n".encode())

        keeper.terminate()

        assert keeper.stdout and [keeper.stdout.readline() for _ in range(2)] == ["told\n", "seen\n"]
        os.write(first[1], b"end\n")
        # Nobody else knows how the next process has ended.
        assert keeper.wait(SECONDS) == -signal.SIGTERM
    for each in first:
        os.close(each)


def test_it_follows_a_service_that_has_left_its_place_before_this_process_became_its_keeper(
    link: tuple[socket.socket, socket.socket],
) -> None:
    end = os.pipe()
    # The first process is reaped by what this process was before.
    script = f"sh -c 'echo $$; read x < /dev/fd/{end[0]}; exit 7' & exit 3"
    with kept(script, link[1], end[0], before="os.waitpid(service, 0); sys.stdin.readline()") as keeper:
        assert keeper.stdout and keeper.stdin
        link[0].send(keeper.stdout.readline().encode())
        keeper.stdin.write("go\n")
        keeper.stdin.flush()
        assert keeper.stdout.readline() == "kept\n"
        os.write(end[1], b"end\n")

        assert keeper.wait(SECONDS) == 7
    for each in end:
        os.close(each)


def test_it_ends_with_a_service_whose_end_another_process_has_seen(link: tuple[socket.socket, socket.socket]) -> None:
    first = os.pipe()
    # The second process ends while the first one is there, which reaps it.
    script = f"sh -c 'echo $$' & wait; read x < /dev/fd/{first[0]}"
    with kept(script, link[1], first[0]) as keeper:
        (successor,) = said(keeper) - {"kept"}
        link[0].send(f"{successor}\n".encode())
        os.write(first[1], b"end\n")

        assert keeper.wait(SECONDS) == 1
    for each in first:
        os.close(each)


def test_the_version_that_was_restarted_may_be_removed_at_once(
    link: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    version = tmp_path / "version"
    shutil.copytree(Path(keeping.__file__).parent, version)
    before = f"""
import importlib.util, shutil
spec = importlib.util.spec_from_file_location("kept", {str(version / "keeping.py")!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
keep_service = module.keep_service
shutil.rmtree({str(version)!r})
sys.executable = {str(version / "bin" / "python")!r}
"""
    with kept("trap 'exit 5' TERM; echo ready; sleep 60 & wait", link[1], before=before) as keeper:
        assert said(keeper) == {"ready", "kept"}

        keeper.terminate()

        assert keeper.wait(SECONDS) == 5


def test_a_process_with_the_number_of_an_orphan_that_has_ended_lives(
    link: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The service is 10, restarted as 11; a program that a view has left behind was 11, too.
    reaped: list[dict[int, int]] = [{}, {11: 0}, {10: 0}, {11: 3 << 8}]
    living = {10}

    def next_ended() -> dict[int, int]:
        found = reaped.pop(0)
        if 10 in found:
            link[0].send(b"11\n")
            living.add(11)
        living.difference_update(found)
        return found

    def ended(status: int) -> None:
        raise InterruptedError(status)

    monkeypatch.setattr(keeper, "reaped", next_ended)
    monkeypatch.setattr(keeper, "exists", living.__contains__)
    monkeypatch.setattr(keeper, "end_as", ended)
    monkeypatch.setattr(signal, "pthread_sigmask", lambda how, numbers: None)
    monkeypatch.setattr(signal, "sigwait", lambda numbers: signal.SIGCHLD)

    with pytest.raises(InterruptedError) as found:
        keeper.main(10, link[1].fileno())

    assert found.value.args == (3 << 8,)
