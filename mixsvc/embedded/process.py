"""The service of a host's process, started when a view first asks for it, and again in a fork."""

import os
import sys
import threading
from typing import TYPE_CHECKING, Final, NoReturn

from mixsvc import facade
from mixsvc.application import authenticator, make_pages
from mixsvc.config.directories import current_directory
from mixsvc.config.reading import read_settings
from mixsvc.config.settings import MEMORY, Settings
from mixsvc.errors import BadSetting, MixError
from mixsvc.facade import Facades, Mix
from mixsvc.http.listening import check_endpoints
from mixsvc.pages.chat_url import allow_chat_origin
from mixsvc.pages.index import warn_of_missing_libraries
from mixsvc.storage import database
from mixsvc.storage.lock import DatabaseLock, refuse_beside_service

if TYPE_CHECKING:
    from flask import Flask

    from mixsvc.embedded.service import EmbeddedService

__all__ = ["check_chat_database", "embedded_app", "embedded_mix"]

# The environment variable that names the settings file, as a host has no options for us.
CONFIG_VARIABLE: Final = "MIXSVC_CONFIG"

# gunicorn does not start a worker again that ends with this status (gunicorn.arbiter.Arbiter.WORKER_BOOT_ERROR).
GUNICORN_STATUS: Final = 3


class Embedded:
    """The app and the service of this process, each made at first use. Used in any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._settings: Settings | None = None
        self._app: Flask | None = None
        self._running: EmbeddedService | None = None
        self._is_fork = False

    def app(self) -> "Flask":
        """The Flask app, made once. Ends the process with one line if the settings are not valid."""
        with self._lock:
            try:
                return self._own_app()
            except MixError as error:
                _end(f"mixsvc: {error}")
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

        Raises MixError if it cannot be started.
        """
        running = self._running
        if running is None:
            with self._lock:
                running = self._running = self._running or self._started()
        return running.facades

    def _started(self) -> "EmbeddedService":
        # Imported only now: it imports treq and twisted.web, which a host that only imports this package does not need.
        from mixsvc.embedded.service import start

        settings = self._read()
        authenticate = authenticator(settings, self._own_app())
        if self._is_fork:
            from mixsvc.embedded.crochet_reactor import forget_reactor

            forget_reactor()
        else:
            # Once: a fork inherits what its parent has registered.
            os.register_at_fork(after_in_child=self._forked)
        self._is_fork = False
        return start(settings, authenticate)

    def _forked(self) -> None:
        """Called in a new fork, which has one thread and no service: the next view that asks starts one."""
        self._lock = threading.RLock()
        running, self._running = self._running, None
        self._is_fork = True
        if running is not None:
            running.abandon()

    def _own_app(self) -> "Flask":
        if self._app is None:
            settings = self._read()
            if settings.chat.listen:
                refuse_beside_service(DatabaseLock(settings.storage.path), settings.storage.path)
            database.rehearse(settings.storage.path)
            app = make_pages(self.mix(), settings)
            allow_chat_origin(app, facade.mix)
            warn_of_missing_libraries(app)
            self._app = app
        return self._app

    def _read(self) -> Settings:
        """The settings of the file that MIXSVC_CONFIG names, or the defaults without it. Raises BadSetting."""
        if self._settings is None:
            # Only now: it imports treq, which a host that only imports this package does not need.
            from mixsvc.rates.sources import check_sources

            settings = read_settings(os.environ.get(CONFIG_VARIABLE)).within(current_directory())
            check_endpoints(settings.chat.listen, "[chat] listen")
            check_chat_database(settings)
            _check_no_server(settings)
            check_sources(settings.rates)
            self._settings = settings
        return self._settings


def check_chat_database(settings: Settings) -> None:
    """Raises BadSetting for a chat of a host whose database is in memory."""
    if settings.chat.listen and settings.storage.path == MEMORY:
        raise BadSetting(
            "[chat] listen needs a database in a file, beside which the processes of a host find each other; "
            "give a path in [storage] path"
        )


def _check_no_server(settings: Settings) -> None:
    """Raises BadSetting for a database that the processes of a host cannot share yet."""
    if settings.storage.url or settings.storage.url_file:
        raise BadSetting(
            "[storage] url is for a service of its own (twistd mixsvc); leave it empty inside another WSGI server, "
            "and give a path in [storage] path"
        )


def _end(line: str) -> NoReturn:
    arbiter = sys.modules.get("gunicorn.arbiter")
    if arbiter is None:
        raise SystemExit(line)
    # With another status gunicorn would start the worker again and again. One write, as several workers write at once.
    sys.stderr.write(f"{line}\n")
    raise SystemExit(GUNICORN_STATUS)


_embedded = Embedded()
embedded_app, embedded_mix = _embedded.app, _embedded.mix
