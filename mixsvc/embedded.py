"""The same pages and rates inside somebody else's server: `twistd web --wsgi=mixsvc.app`, or a WSGI host.

Nothing starts on import. The first view that asks for the service starts it, once in each process.
"""

import os
import threading
from typing import TYPE_CHECKING, Any, Final

import crochet
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc import facade
from mixsvc.application import own_application
from mixsvc.errors import MixError
from mixsvc.facade import Mix, Parts
from mixsvc.settings import Settings, read_settings

if TYPE_CHECKING:
    from flask import Flask

    from mixsvc.polling import Polling

__all__ = ["embedded_app", "embedded_mix"]

# The settings file of a host that has no options for us.
CONFIG_VARIABLE: Final = "MIXSVC_CONFIG"

# How long the first view waits for the start, in seconds.
START_SECONDS: Final = 10.0

_log = Logger()
_lock = threading.Lock()


class Embedded:
    """The service of this process, started at the first need."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._app: Flask | None = None
        self._started: tuple[int, Parts] | None = None

    def settings(self) -> Settings:
        """The settings of the file that MIXSVC_CONFIG names, else the defaults. Raises BadSetting."""
        if self._settings is None:
            self._settings = read_settings(os.environ.get(CONFIG_VARIABLE)).within(os.getcwd())
        return self._settings

    def app(self) -> "Flask":
        """The Flask app, made once. Ends the process with one line when the settings are wrong."""
        with _lock:
            if self._app is None:
                try:
                    self._app = own_application(self.mix(), self.settings())
                except MixError as error:
                    raise SystemExit(f"mixsvc: {error}") from None
                except AttributeError as error:
                    # Twisted would report it as "No such WSGI application".
                    raise RuntimeError("the application could not be made") from error
            return self._app

    def mix(self) -> Mix:
        """The facade, which starts the service when it is first asked for something."""
        if not facade.mix.is_served:
            facade.mix.serve(self.parts)
        return facade.mix

    def parts(self) -> Parts:
        """What runs in this process; starts it. Called in a worker thread. A fork starts its own."""
        started = self._started
        if started is None or started[0] != os.getpid():
            with _lock:
                if self._started is None or self._started[0] != os.getpid():
                    self._started = (os.getpid(), _start(self.settings()))
                started = self._started
        return started[1]


_embedded = Embedded()
embedded_app, embedded_mix = _embedded.app, _embedded.mix


def _start(settings: Settings) -> Parts:
    """Poll in the reactor of this process: the one that runs, else one in a thread of its own."""
    from twisted.internet import reactor as global_reactor

    # Only now: it brings in treq and the rest of twisted.web, which a host that merely imports us need not wait for.
    from mixsvc.polling import Polling
    from mixsvc.web.threads import DaemonPool

    reactor: Any = global_reactor
    _find_reactor(reactor)
    pool = DaemonPool(reactor, 2, "helper")
    polling: Polling = crochet.run_in_reactor(Polling)(reactor, settings, pool).wait(START_SECONDS)
    polling.read_archive()
    polling.prepare()

    def start() -> None:
        pool.start()
        polling.start()
        reactor.addSystemEventTrigger("before", "shutdown", _stop, polling)

    crochet.run_in_reactor(start)().wait(START_SECONDS)
    _log.info("mixsvc: rates are polled here; the chat needs `twistd mixsvc`")
    return Parts(polling.rates, None, settings.rates.pairs)


def _find_reactor(reactor: Any) -> None:
    if not reactor.running:
        crochet.setup()
        return
    try:
        crochet.no_setup()
    except RuntimeError:
        # Somebody has set crochet up before; it will do.
        pass


async def _ended(polling: "Polling") -> None:
    await polling.stop()
    await polling.database.close()


def _stop(polling: "Polling") -> "Deferred[None]":
    return Deferred.fromCoroutine(_ended(polling))
