"""The real service as a process: started, watched and stopped, each with a deadline."""

import os
import re
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import IO, Final, Self

__all__ = ["DEADLINE", "SLACK", "Config", "Daemon", "Launch", "Lines", "Service", "WithReactor", "config_text"]

# Seconds. Far more than anything here takes, because a loaded machine may be slow. It only delays a failing test.
DEADLINE: Final = 120.0

# Seconds that a loaded machine may add to what a test measures with the wall clock.
SLACK: Final = 20.0

LISTENING: Final = "mixsvc: listening on "

Config = Mapping[str, Mapping[str, str]]


def config_text(config: Config) -> str:
    """An INI file of sections and keys; a value of several lines becomes one that configparser reads back."""
    lines = []
    for section, values in config.items():
        lines += [f"[{section}]", *(f"{key} = {value}".replace("\n", "\n  ") for key, value in values.items())]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Launch:
    """How to start: which twistd, in which folder (made if necessary), with which settings, options and environment."""

    programs: Path
    folder: Path
    config: Config = field(default_factory=dict)
    options: tuple[str, ...] = ("--port", "0")
    environ: Mapping[str, str] = field(default_factory=dict)

    def having(self, **config: Mapping[str, str]) -> "Launch":
        """The same with these settings over its own: launch.having(rates={"interval": "1"})."""
        merged = {name: {**self.config.get(name, {}), **config.get(name, {})} for name in {**self.config, **config}}
        return replace(self, config=merged)

    def command(self, *twistd_options: str) -> list[str]:
        """The command; writes the settings to mixsvc.ini in the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "mixsvc.ini"
        config.write_text(config_text(self.config), encoding="utf-8")
        return [str(self.programs / "twistd"), *twistd_options, "mixsvc", *self.options, "--config", str(config)]

    def environment(self) -> dict[str, str]:
        """Our environment, without variables that would let it see the checkout, and with `environ`."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        return {**ours, "PYTHONUNBUFFERED": "1", **self.environ}


@dataclass(frozen=True)
class WithReactor(Launch):
    """The same with one of twistd's reactors."""

    reactor: str = "default"

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        return super().command(f"--reactor={self.reactor}", *twistd_options)


def refused(launch: Launch, *twistd_options: str, wrapper: Sequence[str] = ()) -> str:
    """The one line on stderr of a start that fails with status 1."""
    ended = subprocess.run(
        [*wrapper, *launch.command(*twistd_options)],
        cwd=launch.folder,
        env=launch.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.rstrip("\n")


class Lines:
    """The lines of a stream, read by a thread of its own as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._ended = False
        self._news = Condition()
        self._thread = Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def so_far(self) -> list[str]:
        """Every line that came, without its end."""
        with self._news:
            return list(self._lines)

    def wait_for(self, pattern: str, after: int = 0, seconds: float = DEADLINE) -> str:
        """The first line that holds the regular expression, skipping the first `after` ones; may have come already.

        AssertionError with all that came, when the stream ends or the time is over without it.
        """

        def first() -> str | None:
            return next((line for line in self._lines[after:] if re.search(pattern, line)), None)

        with self._news:
            self._news.wait_for(lambda: first() is not None or self._ended, seconds)
            found = first()
            if found is None:
                why = "it ended" if self._ended else f"{seconds:g} s passed"
                raise AssertionError(f"{why} without a line like {pattern!r}:\n" + "\n".join(self._lines))
            return found

    def wait_for_count(self, pattern: str, count: int) -> None:
        """Until so many lines hold the regular expression; AssertionError as with wait_for."""
        after = 0
        for _ in range(count):
            self.wait_for(pattern, after)
            lines = self.so_far()
            after = next(index for index in range(after, len(lines)) if re.search(pattern, lines[index])) + 1

    def wait_for_end(self, seconds: float = DEADLINE) -> None:
        """Until the stream has ended and every line is here."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"still open after {seconds:g} s:\n" + "\n".join(self.so_far())

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


class Running:
    """What a service in the foreground and a daemon have in common: a log, and where it listens."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as its log says, a host and port without the rest of the link; waits for the first."""
        self.lines.wait_for(LISTENING)
        told = [line.partition(LISTENING)[2] for line in self.lines.so_far() if LISTENING in line]
        return [re.sub(r"^https?://([^/]*)/.*", r"\1", each) for each in told]

    @property
    def port(self) -> int:
        """The first TCP port; waits until it is open."""
        found = re.search(r":([0-9]+)$", self.addresses[0])
        assert found, f"no port in {self.addresses[0]!r}"
        return int(found[1])

    @property
    def url(self) -> str:
        """The root of the pages, without a slash at its end; waits until the port is open."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Its output so far."""
        return "\n".join(self.lines.so_far())

    def wait_for(self, pattern: str, after: int = 0, seconds: float = DEADLINE) -> str:
        """The first line of the log that holds the regular expression; see Lines.wait_for."""
        return self.lines.wait_for(pattern, after, seconds)

    def __enter__(self) -> Self:
        return self


class Service(Running):
    """`twistd -n mixsvc` as a child process; as a context manager it is killed at the end, if it still runs."""

    def __init__(self, launch: Launch) -> None:
        self.process = subprocess.Popen(
            launch.command("--nodaemon", "--pidfile="),
            cwd=launch.folder,
            env=launch.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        assert self.process.stdout
        super().__init__(Lines(self.process.stdout))

    def processes(self) -> list[int]:
        """Its number, and those of its children."""
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def stop(self, seconds: float = DEADLINE) -> int:
        """Send SIGTERM; returns what wait_for_exit returns."""
        self.process.terminate()
        return self.wait_for_exit(seconds)

    def wait_for_exit(self, seconds: float = DEADLINE) -> int:
        """The exit status, -15 for an end by SIGTERM; subprocess.TimeoutExpired when it does not end in time."""
        status = self.process.wait(seconds)
        self.lines.wait_for_end(seconds)
        return status

    def kill(self) -> None:
        """Send SIGKILL. Does nothing if the process has ended."""
        self.process.kill()
        self.process.wait(DEADLINE)
        self.lines.wait_for_end()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Daemon(Running):
    """`twistd mixsvc` in the background, read through its log file; as a context manager it is killed at the end.

    AssertionError with what twistd said, when it does not start.
    """

    def __init__(self, launch: Launch) -> None:
        pid_file = launch.folder / "mixsvc.pid"
        self.log_file = launch.folder / "mixsvc.log"
        started = subprocess.run(
            launch.command(f"--pidfile={pid_file}", f"--logfile={self.log_file}"),
            cwd=launch.folder,
            env=launch.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
        )
        assert started.returncode == 0, f"twistd ended with {started.returncode}:\n{started.stdout}"
        self.pid = int(pid_file.read_text())
        self._process = os.pidfd_open(self.pid)
        # tail reports each line as it is written, so that nothing here has to poll.
        self._tail = subprocess.Popen(
            ["tail", "--lines=+1", "--follow=name", str(self.log_file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="backslashreplace",
        )
        assert self._tail.stdout
        super().__init__(Lines(self._tail.stdout))

    def stop(self, seconds: float = DEADLINE) -> None:
        """Send SIGTERM and wait for the end; then the log is complete."""
        signal.pidfd_send_signal(self._process, signal.SIGTERM)
        self._wait_until_gone(seconds)
        # tail may not have come to the end yet.
        self.lines = Lines(self.log_file.open(encoding="utf-8", errors="backslashreplace"))
        self.lines.wait_for_end()

    def _wait_until_gone(self, seconds: float) -> None:
        # A pidfd is readable once its process has ended, even if that is not our child.
        gone, _, _ = select.select([self._process], [], [], seconds)
        assert gone, f"still running after {seconds:g} s:\n{self.log()}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        self._wait_until_gone(DEADLINE)
        os.close(self._process)
        self._tail.kill()
        self._tail.wait()
