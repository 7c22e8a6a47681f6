#!/bin/sh
# crochet in a child that a worker thread has forked: `import crochet` raises IndexError.
#
# What one would expect: a child of os.fork() has one thread, the one that forked; Python calls it the main thread there
# (threading.main_thread()), signal handlers may be set in it, and what the parent has not imported yet can be imported.
#
# What happens (crochet 2.1.1, Twisted 26.10.0, Python 3.11 to 3.13):
#   forked in the main thread      import and setup() work
#   forked in any other thread     IndexError: list index out of range, when crochet is imported
#   the same, where the parent     importlib.reload of the module that watches the main thread raises the same
#   had imported crochet before
# At its import crochet makes a thread that waits for the main thread's end, and looks for that by its class: the first
# of threading.enumerate() that is a threading._MainThread. After a fork in another thread there is none: the main
# thread has the class that it had in the parent, a plain Thread.
#
# Source: crochet/_shutdown.py, the last lines; threading._after_fork in Python's Lib/threading.py, which makes the
# thread that forked the main thread and leaves its class alone; https://docs.python.org/3/library/threading.html says of
# main_thread() only that it is "the thread from which the Python interpreter was started".
#
# Why it matters: crochet exists for threaded hosts. A view of a server with threads (gunicorn -k gthread, waitress,
# `flask run`) that starts a multiprocessing.Process, as Linux forks for until Python 3.13, has a child in which
# nothing that uses crochet can be imported for the first time, with an error that names neither threads nor forks.
#
# Run it: sh findings/crochet-after-fork.sh. It needs Linux, python3 (3.11 or later) and pip's index. It fails if the
# behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet crochet==2.1.1 twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
import importlib
import os
import platform
import sys
import threading
import warnings
from importlib.metadata import version

# Python's own warning about forks of processes with threads.
warnings.simplefilter("ignore", DeprecationWarning)


def use_crochet():
    import crochet

    crochet.setup()


def import_anew():
    import crochet._shutdown

    importlib.reload(crochet._shutdown)


def in_child(function):
    """What a function raises in a child that this thread forks, "" for nothing, and the class of the main thread."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        name = ""
        try:
            function()
        except BaseException as error:
            name = type(error).__name__
        is_main = threading.current_thread() is threading.main_thread()
        os.write(writer, f"{name} {is_main} {type(threading.main_thread()).__name__}".encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as answer:
        name, is_main, kind = answer.read().split(" ")
    os.waitpid(pid, 0)
    assert is_main == "True"
    return name, kind


def in_thread(function):
    """What in_child returns in a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(in_child(function)))
    thread.start()
    thread.join()
    return found[0]


print(f"Python {platform.python_version()}, crochet {version('crochet')}, Twisted {version('twisted')}")
expected = {
    "forked in the main thread": ("", "_MainThread"),
    "forked in another thread": ("IndexError", "Thread"),
    "forked in another thread, imported before and anew": ("IndexError", "Thread"),
}
found = {
    "forked in the main thread": in_child(use_crochet),
    "forked in another thread": in_thread(use_crochet),
}
import crochet  # noqa: E402

found["forked in another thread, imported before and anew"] = in_thread(import_anew)
for what, (error, kind) in found.items():
    print(f"{what}: {error or 'works'}; the main thread is a {kind}")
if found != expected:
    sys.exit("the behaviour has changed")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
