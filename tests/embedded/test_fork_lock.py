"""Who holds the lock of a first use when a process forks."""

import subprocess
import sys

import pytest

from tests.builds import PROJECT

# The child prints whether another thread of it gets the lock; then so does the parent.
FORK = """
import os, threading
from mixsvc.embedded import fork_lock

lock = fork_lock.ForkLock(lambda: print("called", flush=True))

def try_it():
    with lock:
        print("free", flush=True)

def fork():
    if not (child := os.fork()):
        return True
    os.waitpid(child, 0)
    return False

{fork}
thread = threading.Thread(target=try_it, daemon=True)
thread.start()
thread.join(10)
os._exit(0)
"""

BY_NOBODY = "fork()"

BY_THE_THREAD_THAT_FORKS = """
with lock:
    fork()
"""

# Longer than a fork waits.
BY_ANOTHER_THREAD = """
fork_lock.FORK_SECONDS = 0.01
held, end = threading.Event(), threading.Event()

def hold():
    with lock:
        held.set()
        end.wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
fork()
end.set()
"""


@pytest.mark.parametrize("fork", [BY_NOBODY, BY_THE_THREAD_THAT_FORKS, BY_ANOTHER_THREAD])
def test_after_a_fork_the_lock_is_free_in_both_processes_whoever_held_it(fork: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK.format(fork=fork)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)

    assert (done.stdout, done.stderr) == ("called\nfree\nfree\n", "")
