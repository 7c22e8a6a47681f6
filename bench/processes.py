"""A server as a process with children on cores of its own, and its memory and CPU time."""

import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import IO, Final

from bench.installing import environment
from bench.peers import Peer, command

__all__ = ["CannotStart", "Cores", "Server", "cpu_of", "ending_cleanly", "on_cores", "raise_file_limit", "running"]

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0

# So large that no streaming response ends during a measurement.
STREAMING_LIMIT: Final = 1 << 30


class CannotStart(Exception):
    """A server did not print that it is ready; the text has its errors."""


@dataclass(frozen=True)
class Cores:
    """The numbers of the cores that the server and the load generator run on."""

    server: frozenset[int]
    load: frozenset[int]


@dataclass(frozen=True)
class Server:
    """A server that listens on a port of the loopback. chat_port: of its chat, another one if that runs beside it."""

    peer: Peer
    port: int
    pid: int
    chat_port: int

    def memory(self) -> int:
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def cpu(self) -> float:
        """CPU time in seconds, with that of its running children."""
        return cpu_of([self.pid])


def cpu_of(processes: Sequence[int]) -> float:
    """The CPU time of these processes and their running children, in seconds."""
    ticks, pids = 0, [*processes]
    for pid in pids:
        times = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(times[11]) + int(times[12])
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            # A thread may end meanwhile.
            with suppress(FileNotFoundError):
                pids += [int(child) for child in children.read_text(encoding="ascii").split()]
    return ticks / os.sysconf("SC_CLK_TCK")


def on_cores(number: int = 1) -> Cores:
    """The first cores that this process may use for the server, and the last one for the load.

    If no core is left, the load runs on all of them. Raises CannotStart when there are fewer than `number`.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < number:
        raise CannotStart(f"the server needs {number} cores, and this process may use {len(cores)}")
    return Cores(frozenset(cores[:number]), frozenset(cores[number:][-1:] or cores))


def raise_file_limit(needed: int) -> None:
    """Let this process and its servers open this many files. Raises SystemExit when the hard limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(
            f"bench: {needed} open files are needed, the hard limit is {hard}; raise it: ulimit -Hn {needed}"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end the program as Ctrl-C does, so that the running server is ended, too."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def running(peer: Peer, cores: Cores, streaming_limit: int = STREAMING_LIMIT) -> Iterator[Server]:
    """Run the peer's server and this process on their cores. The server ends with the context, and its children."""
    allowed = os.sched_getaffinity(0)
    with TemporaryFile() as errors:
        # Threads and children inherit the cores; pinning the server later would miss those it has by then.
        os.sched_setaffinity(0, cores.server)
        try:
            process = _start(peer, streaming_limit, errors)
        finally:
            os.sched_setaffinity(0, cores.load)
        try:
            yield _ready(peer, process, errors)
        finally:
            os.sched_setaffinity(0, allowed)
            _stop(process)


def _start(peer: Peer, streaming_limit: int, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(peer, streaming_limit),
        env=environment(peer),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        # A group of its own, which ends as a whole.
        start_new_session=True,
    )


def _ready(peer: Peer, process: subprocess.Popen[bytes], errors: IO[bytes]) -> Server:
    assert process.stdout is not None
    end = time.monotonic() + START_SECONDS
    said = b""
    while not said.endswith(b"\n") and time.monotonic() < end:
        if select.select([process.stdout], [], [], 1)[0]:
            came = os.read(process.stdout.fileno(), 1024)
            if not came:
                break
            said += came
    words = said.split()
    if len(words) not in (3, 4) or words[0] != b"ready":
        errors.seek(0)
        raise CannotStart(f"{peer.name} did not start:\n{errors.read()[-1000:].decode(errors='replace')}")
    return Server(peer, int(words[1]), int(words[2]), int(words[-1] if len(words) == 4 else words[1]))


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"bench: process {process.pid} does not end", file=sys.stderr)
    assert process.stdout is not None
    process.stdout.close()
