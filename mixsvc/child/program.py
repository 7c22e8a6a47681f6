"""From SETUP to the last response: what a child does."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.logger import globalLogBeginner

from mixsvc import facade
from mixsvc.application import (
    VISITOR_THREADS,
    SharedPages,
    connect_for_import,
    make_application,
    named_authenticator,
)
from mixsvc.child.code_watch import CodeWatch
from mixsvc.child.facade import ChildFacades
from mixsvc.child.logins import ChildLogins, most_logins
from mixsvc.child.process import die_with_service, ignore_signals
from mixsvc.child.reload import ChildReload
from mixsvc.errors import MixError
from mixsvc.hooks.registry import hooks
from mixsvc.operations.forks import ForkWatcher
from mixsvc.operations.garbage import collect_while_serving
from mixsvc.operations.standard_streams import log_standard_streams
from mixsvc.pages.app import AppSecrets
from mixsvc.threads.children import this_process
from mixsvc.wsgi.children.child_log import ChildLog
from mixsvc.wsgi.children.frames import FrameType, encode_frame
from mixsvc.wsgi.children.host import ChildHost, ChildWire, Registered
from mixsvc.wsgi.children.run_threads import LOGIN
from mixsvc.wsgi.children.setup import CHILD_MARKS, CHILD_SOCKET, SEARCH, ChildSetup
from mixsvc.wsgi.supervision.begun_marks import open_marks

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["main"]


def main() -> None:
    """Run views until the service ends this process, or has ended. Called once, in the main thread."""
    wire = _connect()
    first = next(iter(wire.incoming), None)
    if first is None:
        # The service has ended.
        return
    setup = ChildSetup.decode(first.payload)
    _search_as_the_service(setup)
    forks = ForkWatcher(_NoReactor(), lambda: [wire.connection])
    forks.start()
    globalLogBeginner.beginLoggingTo([ChildLog(wire.sender.send)], redirectStandardIO=False)
    log_standard_streams()
    try:
        host, application = _prepared(setup, wire)
    except MixError as error:
        wire.sender.send(encode_frame(FrameType.FAILED, 0, str(error).encode(errors="backslashreplace")))
        raise SystemExit(1) from None
    collect_while_serving()
    # Before their names are read: what is registered meanwhile is told, too.
    hooks.watch(partial(_tell_of_hooks, wire))
    if not host.serve(application, sorted(hooks.names)):
        os._exit(1)


def _prepared(setup: ChildSetup, wire: ChildWire) -> tuple[ChildHost, "WSGIApplication"]:
    """The host, whose threads run, and the application. Raises BadSetting if it cannot be imported."""
    began, settings = time.time(), setup.settings()
    # Before the threads, which inherit it.
    os.nice(settings.web.process_nice)
    host: ChildHost
    secrets = AppSecrets.of_json(setup.secrets)
    facades = ChildFacades(lambda question, seconds: host.ask(question, seconds), settings, secrets.secret_key)
    logins = ChildLogins(most_logins(settings))
    login_threads = VISITOR_THREADS if settings.chat.authenticator else 0
    reload = ChildReload(setup, settings.web, logins)
    registered = Registered(_runner(logins), facades.take_rates, reload.take, login_threads)
    host = ChildHost(wire, settings.web.threads, reload.quota, registered)
    host.start()
    shared = SharedPages(secrets, facades.logins)
    with _start_directory(setup):
        connect_for_import(facade.mix)
        reload.application = make_application(facade.mix, settings, shared)
        logins.authenticate = named_authenticator(settings)
    facade.mix.connect(facades.find)
    if settings.web.reload:
        CodeWatch(partial(_tell_of_change, wire), began).start()
    return host, reload.application.application


def _runner(logins: ChildLogins) -> Callable[[str, Sequence[Any]], object]:
    """Runs what the service wants by its name: the authenticator, or what the application has registered."""
    return lambda name, arguments: (logins.run if name.startswith(LOGIN) else hooks.call)(name, arguments)


def _connect() -> ChildWire:
    ignore_signals()
    try:
        socket_number, marks_number = _numbers()
        connection, marks = socket.socket(fileno=socket_number), open_marks(marks_number)
    except (OSError, ValueError):
        raise SystemExit("mixsvc.child: only the service starts this program; set [web] processes") from None
    die_with_service(connection)
    connection.set_inheritable(False)
    # A pair that gevent has made does not block.
    connection.setblocking(True)
    return ChildWire.of(connection, lambda: os._exit(1), marks)


class _NoReactor:
    """What a ForkWatcher asks of a reactor, where there is none."""

    def getReaders(self) -> list[object]:
        """Nothing."""
        return []

    getWriters = getReaders


def _tell_of_hooks(wire: ChildWire) -> None:
    # A process that a view has forked asks and tells nothing.
    if not this_process.is_one:
        wire.sender.send(encode_frame(FrameType.HOOKS, 0, json.dumps(sorted(hooks.names)).encode()))


def _tell_of_change(wire: ChildWire, path: str) -> None:
    wire.sender.send(encode_frame(FrameType.CHANGED, 0, os.fsencode(path)))


def _numbers() -> tuple[int, int | None]:
    """The descriptors of the service's children; a socket alone if the arguments name one."""
    return (int(sys.argv[1]), None) if len(sys.argv) > 1 else (CHILD_SOCKET, CHILD_MARKS)


def _search_as_the_service(setup: ChildSetup) -> None:
    """Import what the service would import."""
    sys.path[:] = setup.search
    if setup.pythonpath is None:
        os.environ.pop(SEARCH, None)
    else:
        os.environ[SEARCH] = setup.pythonpath


@contextmanager
def _start_directory(setup: ChildSetup) -> Iterator[None]:
    """The application is imported in the directory in which the service was started, as without children."""
    here = os.getcwd()
    with suppress(OSError):
        os.chdir(setup.start_directory)
    try:
        yield
    finally:
        os.chdir(here)
