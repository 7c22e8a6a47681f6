"""The service of a host's process, started when a view first asks for it, and again in a fork."""

import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from mixsvc import facade
from mixsvc.application import authenticator, make_pages
from mixsvc.common.text import printable
from mixsvc.config.directories import current_directory
from mixsvc.config.reading import read_settings
from mixsvc.config.settings import MEMORY, Settings
from mixsvc.embedded.fork_lock import ForkLock
from mixsvc.embedded.front import serve_as_settings_say, settings_of_app
from mixsvc.errors import BadSetting, DatabaseAway, MixError, ServiceBusy
from mixsvc.facade import Facades, Mix
from mixsvc.http.ports.listening import check_endpoints
from mixsvc.operations.agreement import expect_agreement, own_part
from mixsvc.pages.chat_url import allow_chat_origin
from mixsvc.pages.index import warn_of_missing_libraries
from mixsvc.storage.choosing import look, rehearse, settled
from mixsvc.storage.lock import DatabaseLock, refuse_beside_service
from mixsvc.threads.children import refuse_in_program

if TYPE_CHECKING:
    from flask import Flask

    from mixsvc.embedded.service import EmbeddedService

__all__ = ["check_chat_path", "embedded_app", "embedded_mix"]

# The environment variable that names the settings file, as a host has no options for us.
CONFIG_VARIABLE: Final = "MIXSVC_CONFIG"

# gunicorn does not start a worker again that ends with this status (gunicorn.arbiter.Arbiter.WORKER_BOOT_ERROR).
GUNICORN_STATUS: Final = 3

# How long a worker of gunicorn waits before it ends to be started again, as its database does not answer, in seconds.
AWAY_SECONDS: Final = 2.0


class Embedded:
    """The app and the service of this process, each made at first use. Used in any thread."""

    def __init__(self) -> None:
        self._lock = ForkLock(self._forked)
        self._settings: Settings | None = None
        # See HostSettings.
        self._shared_path = ""
        self._app: Flask | None = None
        # Whether it serves what the settings say, and not only our pages.
        self._is_whole = False
        self._running: EmbeddedService | None = None
        # Whether a reactor was started here, and whether the one that this process has inherited runs in its parent.
        self._has_reactor = self._has_parents_reactor = False

    def app(self) -> "Flask":
        """The Flask app, made once. Ends the process with one line if the settings are not valid."""
        with self._lock:
            try:
                return self._whole_app()
            except DatabaseAway as error:
                _end_for_now(f"mixsvc: {printable(str(error))}")
            except MixError as error:
                _end(f"mixsvc: {printable(str(error))}", GUNICORN_STATUS)
            except AttributeError as error:
                # Twisted would report it as "No such WSGI application".
                raise RuntimeError("the application could not be made") from error

    def mix(self) -> Mix:
        """The object behind `mixsvc.mix`, which starts the service when a view first reads something of it."""
        if not facade.mix.is_connected:
            facade.mix.connect(self.facades, self.is_to_come)
        return facade.mix

    def is_to_come(self) -> bool:
        """Whether the service may still have to be started, and no view asks: then an application is being imported.

        A view of Flask is told the truth, by a start of the service. Others get the chat that is to come until then.
        """
        from flask import has_request_context

        return self._running is None and not has_request_context()

    def facades(self) -> Facades:
        """What the service of this process offers; starts it at the first call. Called in a worker thread.

        Raises MixError if it cannot be started; ServiceBusy if that may pass; RuntimeError in what a view of the
        service has started.
        """
        running = self._running
        if running is None:
            try:
                with self._lock:
                    running = self._running = self._running or self._started()
            except DatabaseAway as error:
                raise ServiceBusy(str(error)) from None
        return running.facades

    def _started(self) -> "EmbeddedService":
        refuse_in_program()
        # Imported only now: it imports treq and twisted.web, which a host that only imports this package does not need.
        from mixsvc.embedded.service import HostSettings, start

        settings = self._read()
        given = HostSettings(settings, self._shared_path, authenticator(settings, self._own_app()))
        if self._has_parents_reactor:
            from mixsvc.embedded.crochet_reactor import forget_reactor

            forget_reactor()
        self._has_reactor, self._has_parents_reactor = True, False
        return start(given)

    def _forked(self) -> None:
        """Called in a new fork, which has one thread and no service: the next view that asks starts one."""
        running, self._running = self._running, None
        self._has_parents_reactor = self._has_parents_reactor or self._has_reactor or _hosts_reactor_runs()
        self._has_reactor = False
        if running is not None:
            running.abandon()

    def _whole_app(self) -> "Flask":
        if self._is_whole:
            return self._own_app()
        # First, as the application that the settings name may import this one.
        self._is_whole = True
        # Our pages import [chat] authenticator, which is mostly in the same module.
        served = settings_of_app(self._read())
        app = self._own_app()
        serve_as_settings_say(app, served)
        return app

    def _own_app(self) -> "Flask":
        if self._app is None:
            settings = self._read()
            if settings.chat.listen:
                refuse_beside_service(DatabaseLock(self._shared_path), self._shared_path)
            rehearse(settings.storage, settings.nodes.listen_url)
            app = make_pages(self.mix(), settings)
            allow_chat_origin(app, facade.mix)
            warn_of_missing_libraries(app)
            if settings.chat.listen:
                look(settings.storage, lambda cursor: expect_agreement(cursor, own_part(settings)))
            self._app = app
        return self._app

    def _read(self) -> Settings:
        """The settings of the file that MIXSVC_CONFIG names, or the defaults without it. Raises BadSetting."""
        if self._settings is None:
            # Only now: it imports treq, which a host that only imports this package does not need.
            from mixsvc.rates.sources import check_sources

            found, directory = read_settings(os.environ.get(CONFIG_VARIABLE)), current_directory()
            check_endpoints(found.chat.listen, "[chat] listen")
            check_chat_path(found)
            check_sources(found.rates)
            settings = found.within(directory)
            self._shared_path = os.path.join(directory, found.storage.path)
            self._settings = replace(settings, storage=settled(settings.storage))
        return self._settings


def check_chat_path(settings: Settings) -> None:
    """Raises BadSetting for a chat of a host whose processes cannot find each other; settings: as they were given."""
    if settings.chat.listen and settings.storage.path == MEMORY:
        raise BadSetting(
            "[chat] listen needs a database in a file, beside which the processes of a host find each other; "
            "give a path in [storage] path"
        )


def _hosts_reactor_runs() -> bool:
    return getattr(sys.modules.get("twisted.internet.reactor"), "running", False)


def _end(line: str, status: int) -> NoReturn:
    """status: for gunicorn."""
    if not _is_in_gunicorn():
        raise SystemExit(line)
    # One write, as several workers write at once.
    sys.stderr.write(f"{line}\n")
    raise SystemExit(status)


def _end_for_now(line: str) -> NoReturn:
    if _is_in_gunicorn():
        # It starts the worker again: one that is replaced while the database is away must not end the others.
        time.sleep(AWAY_SECONDS)
    _end(line, 1)


def _is_in_gunicorn() -> bool:
    return "gunicorn.arbiter" in sys.modules


_embedded = Embedded()
embedded_app, embedded_mix = _embedded.app, _embedded.mix
