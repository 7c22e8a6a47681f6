"""What `mixsvc.mix` is in a host's process before a view has asked for anything."""

import subprocess
import sys

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
