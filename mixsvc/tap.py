"""twistd mixsvc: its options, and the service made of them."""

import gc
import os
import sys
from typing import ClassVar, NoReturn

import crochet
from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

import twisted
from mixsvc import __version__, facade
from mixsvc.application import Served, authenticator, served
from mixsvc.config.ini import Value
from mixsvc.config.settings import Settings, read_settings
from mixsvc.errors import MixError
from mixsvc.http.listening import rehearse
from mixsvc.operations.log_files import check_log_file, hold_log_signals
from mixsvc.operations.operations import ProcessContext
from mixsvc.pages.index import has_sockjs_client
from mixsvc.service import MixService
from mixsvc.storage import database
from mixsvc.twistd import acting_as, gives_up_rights, log_file, read_ahead, run_directory, tell_in_one_line
from txsockjs import BadOption

__all__ = ["Options", "makeService"]

_log = Logger()


class Options(UsageOptions):
    """The command line. What it says beats the file."""

    synopsis = "[options]"
    longdesc = (
        "Serves web pages, a live chat and exchange rates from one process and one port. "
        "Without options: on http://127.0.0.1:8080, with the database mixsvc.sqlite3 in the current directory. "
        "Everything else is set in an INI file; config.example.ini in the source lists every setting. "
        "What stands before mixsvc is for twistd: -n keeps it in the foreground, and twistd --help tells of the "
        "daemon, its log file and its user."
    )
    optParameters: ClassVar[list[list[str | None]]] = [
        ["config", "c", None, "The settings file (INI)."],
        ["port", "p", None, "The TCP port; 0 takes a free one, which the log names. [default: 8080]"],
        ["interface", "i", None, "The address to listen on; 0.0.0.0 is every IPv4 one. [default: 127.0.0.1]"],
        ["wsgi", "w", None, "Your own WSGI application in place of our pages, such as yourpackage.wsgi:app."],
    ]
    places: ClassVar[dict[str, tuple[str, str]]] = {
        "port": ("server", "port"),
        "interface": ("server", "interface"),
        "wsgi": ("web", "wsgi"),
    }

    def __init__(self) -> None:
        UsageOptions.__init__(self)
        self._listen: list[str] = []

    def opt_version(self) -> None:
        """Display the version and exit."""
        print(f"mixsvc {__version__}, Twisted {twisted.__version__}")
        raise SystemExit(0)

    def opt_listen(self, endpoint: str) -> None:
        """What to listen on, such as tcp:8080, unix:/run/mixsvc.sock or ssl:443; may be given several times."""
        if not endpoint.strip():
            raise UsageError("--listen needs an endpoint, such as tcp:8080")
        self._listen.append(endpoint)

    def given(self) -> dict[tuple[str, str], Value]:
        """What the command line says, by section and key."""
        found = {
            place: Value(str(self[option]), f"--{option}", "command line")
            for option, place in self.places.items()
            if self[option] is not None
        }
        if self._listen:
            found["server", "listen"] = Value("\n".join(self._listen), "--listen", "command line")
        return found


def makeService(options: Options) -> IService:
    """The service, not started. What is wrong ends the process here with one line, while the user still reads it."""
    from twisted.internet import reactor

    hold_log_signals()
    _keep_the_reactor()
    tell_in_one_line()
    try:
        settings = read_settings(options["config"], options.given()).within(run_directory(options))
        rehearse(settings.server.endpoints(), settings.server.admin_listen)
        # With --uid, what is opened after the rights are given up must be open to that user.
        with acting_as(options):
            database.rehearse(settings.storage.path)
            found = _served(settings)
            authenticate = authenticator(settings, found.pages)
            check_log_file(settings.server.access_log_file)
        process = ProcessContext(os.environ, log_file(options))
        service = MixService(reactor, settings, found.application, authenticate, process)
    except (MixError, BadOption) as error:
        raise SystemExit(f"mixsvc: {error}") from None
    facade.mix.serve(lambda: service.parts)
    reactor.callWhenRunning(_spare_the_collector)
    # The reactor waits a fifth as long as usual for a view that computes.
    sys.setswitchinterval(0.001)
    if gives_up_rights(options):
        read_ahead(found.pages)
        read_ahead(found.application)
    return service


def _served(settings: Settings) -> Served:
    facade.mix.serve(_not_yet)
    found = served(facade.mix, settings)
    if found.pages is not None and not has_sockjs_client(found.pages):
        # pip hides what the build said of it.
        _log.warn(
            "mixsvc: the page has no SockJS client, since npm was missing or failed when mixsvc was built; "
            "it talks plain WebSocket (install npm, then mixsvc again)"
        )
    return found


def _not_yet() -> NoReturn:
    """While an application is imported nothing runs, and nothing may be started on its behalf."""
    raise RuntimeError("mixsvc does not run yet while your module is imported; use mix in views")


def _keep_the_reactor() -> None:
    """The reactor is twistd's: a user's application that calls crochet.setup() must not start it in a thread."""
    try:
        crochet.no_setup()
    except RuntimeError:
        # Somebody has said so before; it can be said only once.
        pass


def _spare_the_collector() -> None:
    """What is there by now stays: to look at all of it, as Python's collector does now and then, takes 50 ms."""
    gc.collect()
    gc.freeze()
