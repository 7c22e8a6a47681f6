"""The service of this process, started at the first need."""

import os
import sys
import threading
from typing import TYPE_CHECKING, Final, NoReturn

from mixsvc import facade
from mixsvc.application import authenticator, make_pages
from mixsvc.config.settings import MEMORY, Settings, read_settings
from mixsvc.errors import BadSetting, MixError
from mixsvc.facade import Mix, Parts
from mixsvc.http.listening import check_endpoints
from mixsvc.pages.chat_url import allow_chat_origin
from mixsvc.storage import database

if TYPE_CHECKING:
    from flask import Flask

    from mixsvc.embedded.service import Running

__all__ = ["embedded_app", "embedded_mix"]

# The settings file of a host that has no options for us.
CONFIG_VARIABLE: Final = "MIXSVC_CONFIG"

# What gunicorn takes for "do not start this worker again" (gunicorn.arbiter.Arbiter.WORKER_BOOT_ERROR).
GUNICORN_STATUS: Final = 3


class Embedded:
    """Made when this is imported, and holds nothing then. May be used in any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._settings: Settings | None = None
        self._app: Flask | None = None
        self._running: Running | None = None
        self._is_fork = False

    def app(self) -> "Flask":
        """The Flask app, made once. Ends the process with one line when the settings are wrong."""
        with self._lock:
            try:
                return self._own_app()
            except MixError as error:
                _end(f"mixsvc: {error}")
            except AttributeError as error:
                # Twisted would report it as "No such WSGI application".
                raise RuntimeError("the application could not be made") from error

    def mix(self) -> Mix:
        """The facade, which starts the service when it is first asked for something."""
        if not facade.mix.is_served:
            facade.mix.serve(self.parts)
        return facade.mix

    def parts(self) -> Parts:
        """What runs in this process; starts it. Called in a worker thread. Raises MixError."""
        running = self._running
        if running is None:
            with self._lock:
                running = self._running = self._running or self._started()
        return running.parts

    def _started(self) -> "Running":
        # Only now: it brings in treq and the rest of twisted.web, for which a host that only imports us need not wait.
        from mixsvc.embedded.service import start

        settings = self._read()
        authenticate = authenticator(settings, self._own_app())
        if self._is_fork:
            from mixsvc.embedded.crochet_reactor import forget_reactor

            forget_reactor()
        else:
            # Once: what a fork has registered, its own forks have, too.
            os.register_at_fork(after_in_child=self._forked)
        self._is_fork = False
        return start(settings, authenticate)

    def _forked(self) -> None:
        """This is another process now, with one thread: the next who asks starts afresh."""
        self._lock = threading.RLock()
        running, self._running = self._running, None
        self._is_fork = True
        if running is not None:
            running.abandon()

    def _own_app(self) -> "Flask":
        if self._app is None:
            settings = self._read()
            database.rehearse(settings.storage.path)
            app = make_pages(self.mix(), settings)
            allow_chat_origin(app, facade.mix)
            self._app = app
        return self._app

    def _read(self) -> Settings:
        """The settings of the file that MIXSVC_CONFIG names, else the defaults. Raises BadSetting."""
        if self._settings is None:
            settings = read_settings(os.environ.get(CONFIG_VARIABLE)).within(os.getcwd())
            _check_chat(settings)
            self._settings = settings
        return self._settings


def _check_chat(settings: Settings) -> None:
    if settings.chat.listen:
        check_endpoints(settings.chat.listen, "[chat] listen")
        if settings.storage.path == MEMORY:
            raise BadSetting(
                "[chat] listen needs a database that is a file: the processes of a host find each other beside it; "
                "give a path in [storage] path"
            )


def _end(line: str) -> NoReturn:
    arbiter = sys.modules.get("gunicorn.arbiter")
    if arbiter is None:
        raise SystemExit(line)
    # It would start a worker that ends with another status again and again. Several write at the same time.
    sys.stderr.write(f"{line}\n")
    raise SystemExit(GUNICORN_STATUS)


_embedded = Embedded()
embedded_app, embedded_mix = _embedded.app, _embedded.mix
