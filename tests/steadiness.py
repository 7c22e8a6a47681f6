"""`python -m tests.steadiness`: runs tests again and again, every second round with all processors kept busy.

Prints a line for each round; the exit status is 0 if every round was green. Words that are not understood go to pytest.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from tests.builds import PROJECT

# It ends with us, however we end.
BUSY: Final = [sys.executable, "-c", f"import os\nwhile os.getppid() == {os.getpid()}: pass"]


@contextmanager
def busy_processors() -> Iterator[None]:
    """A loop of the usual priority for each processor."""
    loops = [subprocess.Popen(BUSY) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(words: list[str]) -> tuple[int, str]:
    """The exit status of pytest and what it printed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m tests.steadiness", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    options, words = parser.parse_known_args()
    green = 0
    print(f"{'round':>5}  {'machine':8}  {'seconds':>7}  result", flush=True)
    for number in range(1, options.rounds + 1):
        is_busy = number % 2 == 0
        began = monotonic()
        if is_busy:
            with busy_processors():
                status, printed = run(words)
        else:
            status, printed = run(words)
        green += status == 0
        result = printed.splitlines()[-1] if printed else "nothing"
        machine = "busy" if is_busy else "as it is"
        print(f"{number:5}  {machine:8}  {monotonic() - began:7.0f}  {re.sub(' in .*', '', result)}", flush=True)
        if status:
            print(printed, flush=True)
    print(f"{green} of {options.rounds} rounds were green")
    return 0 if green == options.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
