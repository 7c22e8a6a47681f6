"""What `mixsvc.mix` is in a host's process before a view has asked for anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Prints what was started: threads, and a reactor.
STARTED = """
import sys, threading
print(threading.active_count(), "twisted.internet.reactor" in sys.modules)
"""

REGISTERS = """
from mixsvc import mix
@mix.chat.on_message
def hear(message): pass
@mix.chat.may
def may(person, action, room): return True
"""


# A service that asks nobody.
CONFIG = """
[storage]
path = :memory:
[rates]
sources = archive
ecb_90_days_url =
ecb_history_url =
"""

# A program in which one thread uses the service for the first time, and is importing a module while another one forks.
FORK_IN_FIRST_USE = """
import os, signal, sys, threading
from mixsvc import mix

begun, go_on = threading.Event(), threading.Event()

class Holder:
    @staticmethod
    def find_spec(name, path, target=None):
        if name == "mixsvc.embedded.crochet_private":
            begun.set()
            assert go_on.wait(60)

sys.meta_path.insert(0, Holder)
# Called before what mixsvc does before a fork, as it is registered later.
os.register_at_fork(before=go_on.set)
first = threading.Thread(target=lambda: mix.pairs)
first.start()
assert begun.wait(60)
if not (child := os.fork()):
    signal.alarm(60)
    print("in the child", bool(mix.pairs), flush=True)
    os._exit(0)
os.waitpid(child, 0)
first.join()
print("in the parent", bool(mix.pairs))
"""

# A program that runs a reactor, and forks in a thread before it uses the service.
FORK_BESIDE_A_REACTOR = """
import os, signal
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from mixsvc import mix

def view():
    if not (child := os.fork()):
        signal.alarm(60)
        print("in the child", bool(mix.pairs), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("in the parent", bool(mix.pairs))

reactor.callWhenRunning(lambda: deferToThread(view).addBoth(lambda _: reactor.stop()))
reactor.run()
"""


def printed(script: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_hooks_are_registered_while_an_application_is_imported_and_nothing_is_started() -> None:
    names = "from mixsvc.hooks.registry import hooks; print(sorted(hooks.names))"

    assert printed(REGISTERS + STARTED + names) == ["1 False", "['may', 'message']"]


@pytest.mark.parametrize("registered", ["", REGISTERS])
def test_a_view_is_told_the_truth_where_there_is_no_chat(registered: str) -> None:
    view = """
from flask import Flask
from mixsvc import mix
app = Flask(__name__)
@app.get("/")
def index(): return str(mix.chat is None)
print(app.test_client().get("/").text)
"""

    assert printed(registered + view) == ["True"]


@pytest.mark.parametrize("program", [FORK_IN_FIRST_USE, FORK_BESIDE_A_REACTOR])
def test_a_child_has_a_service_of_its_own_whatever_its_parent_does_when_it_forks(program: str, tmp_path: Path) -> None:
    (tmp_path / "mixsvc.ini").write_text(CONFIG)
    environ = {**os.environ, "MIXSVC_CONFIG": "mixsvc.ini", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)

    assert (done.stdout, done.stderr) == ("in the child True\nin the parent True\n", "")


def test_what_a_view_of_the_service_has_started_imports_it_and_has_no_service(tmp_path: Path) -> None:
    script = """
from mixsvc import app, mix
@mix.chat.on_message
def hear(message): pass
try:
    print(mix.pairs)
except RuntimeError as error:
    print(error)
"""
    command = [sys.executable, "-c", script + STARTED]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "MIXSVC_SERVICE": "parent"}, capture_output=True, text=True
    )

    said = (
        "a view of the service has started this process, which cannot use mix; a program that is to start a service of "
        "its own needs an environment without MIXSVC_SERVICE"
    )
    assert (done.stdout.splitlines(), done.stderr) == ([said, "1 False"], "")
