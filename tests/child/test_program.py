import subprocess
import sys

from tests.builds import PROJECT


def test_a_person_who_starts_it_is_told_in_one_line_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixsvc.child"], cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mixsvc.child: only the service starts this program; set [web] processes\n"
