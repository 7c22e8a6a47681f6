"""Output that nobody takes, or not all of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builds import PROJECT

FULL = "mixsvc: the standard output cannot be written: No space left on device\n"


def printed_to(stdout: int, *words: str, **environment: str) -> tuple[int, str]:
    """The status and what is on stderr."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [("check-config", "{folder}/a.ini"), ("--help",), ("ctl", "--help")])
def test_a_full_disk_is_an_error_of_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.ini").touch()
    given = [each.format(folder=tmp_path) for each in words]

    with open("/dev/full", "w") as full:
        assert printed_to(full.fileno(), "-m", "mixsvc", *given) == (1, FULL)


def test_whoever_reads_may_have_enough_of_a_long_output() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = "from mixsvc import __main__; from mixsvc.commands.output import show\n"
    program += "__main__.main = lambda words: [show('x' * 100_000) for _ in range(3)]; __main__.run()"

    assert printed_to(writer, "-c", program) == (128 + signal.SIGPIPE, "")
    os.close(writer)


def test_what_the_system_cannot_print_is_escaped(tmp_path: Path) -> None:
    program = "from mixsvc.commands.output import show; show('J\\u00fcrgen \\udce9')"

    with (tmp_path / "out").open("w+") as out:
        assert printed_to(out.fileno(), "-c", program, PYTHONIOENCODING="ascii") == (0, "")

    assert (tmp_path / "out").read_text() == "J\\xfcrgen \\udce9\n"
