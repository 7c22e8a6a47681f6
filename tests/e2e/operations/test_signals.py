"""SIGINT and SIGTERM end the service whenever they come, however it was started, and in time."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

import pytest

from tests.e2e.support.service import SLACK, Launch, Service

Start = Callable[[Launch], Service]

# What a shell that is not interactive does to a command with an &.
IN_BACKGROUND = ("sh", "-c", 'trap "" INT && exec "$@"', "sh")

# Signals that the process sends to itself, as no other can hit these moments.
INT_THEN_TERM = """
import os, signal

def send():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
"""
WHILE_IMPORTED = INT_THEN_TERM + "send()\n"
AFTER_MAKE_SERVICE = (
    INT_THEN_TERM
    + """
import sys
from twisted.logger import textFileLogObserver

def logger():
    send()
    return textFileLogObserver(sys.stdout)
"""
)
WHEN_RUNNING = (
    INT_THEN_TERM
    + """
from twisted.internet import reactor

reactor.callWhenRunning(send)

def app(environ, start_response):
    raise NotImplementedError
"""
)
HANGS_IN_REACTOR = """
import time
from twisted.internet import reactor

def hang():
    while True:
        # A signal that comes when this has begun, and does not sleep yet, is handled after it.
        time.sleep(1)

reactor.callWhenRunning(reactor.callLater, 0, hang)

def app(environ, start_response):
    raise NotImplementedError
"""
HANGS_IN_REACTORS_POOL = HANGS_IN_REACTOR.replace("callLater, 0", "callInThread")


@dataclass(frozen=True)
class InBackground(Launch):
    """The same as another, with SIGINT ignored."""

    of: Launch | None = None

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        assert self.of
        return [*IN_BACKGROUND, *self.of.command(*twistd_options)]


@dataclass(frozen=True)
class Hooked(Launch):
    """The same with twistd's option to log with a function of the user's module."""

    def command(self, *twistd_options: str) -> list[str]:
        """See Launch."""
        return super().command("--logger=hook.logger", *twistd_options)


@pytest.fixture
def code(launch: Launch) -> Path:
    """Where a user's module is."""
    launch.folder.mkdir()
    return launch.folder / "hook.py"


@pytest.fixture
def own_app(launch: Launch, code: Path) -> Launch:
    """With that module's application."""
    return replace(launch, environ={"PYTHONPATH": str(code.parent)}).having(web={"wsgi": "hook:app"})


def test_both_stop_a_service_that_a_shell_has_started_in_the_background(start: Start, launch: Launch) -> None:
    service = start(InBackground(launch.programs, launch.folder, of=launch))
    assert service.port

    service.process.send_signal(signal.SIGINT)
    service.process.terminate()

    assert service.wait_for_exit() in (-signal.SIGINT, -signal.SIGTERM)
    service.wait_for("Server Shut Down")
    assert "Traceback" not in service.log()


def test_while_the_application_is_imported_they_end_the_process_at_once(
    start: Start, own_app: Launch, code: Path
) -> None:
    code.write_text(WHILE_IMPORTED)
    service = start(own_app)

    assert service.wait_for_exit() == -signal.SIGINT
    assert service.lines.so_far() == []


def test_when_the_reactor_begins_they_stop_the_service_in_order(start: Start, own_app: Launch, code: Path) -> None:
    code.write_text(WHEN_RUNNING)
    service = start(own_app)

    assert service.wait_for_exit() == -signal.SIGINT
    service.wait_for("Received SIGINT, shutting down")
    service.wait_for("Server Shut Down")
    assert "Traceback" not in service.log()


def test_they_are_held_until_a_service_that_is_made_can_stop_in_order(start: Start, launch: Launch, code: Path) -> None:
    code.write_text(AFTER_MAKE_SERVICE)
    # Its socket would be left behind if it ended before the stop.
    options = ("--listen", "unix:web")
    service = start(Hooked(launch.programs, launch.folder, launch.config, options, {"PYTHONPATH": str(code.parent)}))

    assert service.wait_for_exit() == -signal.SIGINT
    service.wait_for("mixsvc: listening on web")
    service.wait_for("Main loop terminated")
    assert not (launch.folder / "web").exists()


@pytest.mark.parametrize("hanging", [HANGS_IN_REACTOR, HANGS_IN_REACTORS_POOL], ids=["reactor", "pool"])
def test_what_hangs_in_the_reactor_is_left_behind_in_time(
    start: Start, own_app: Launch, code: Path, hanging: str
) -> None:
    code.write_text(hanging)
    service = start(own_app.having(server={"shutdown_timeout": "1"}))
    assert service.port

    began = monotonic()
    status = service.stop()

    assert status == -signal.SIGTERM
    assert monotonic() - began < 2 + SLACK
    service.wait_for("mixsvc: the service did not stop within 2 s")
