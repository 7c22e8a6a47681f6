"""twistd mixsvc: the options of its command line, and the service that they configure."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from twisted.application.service import IService
from twisted.python import usage

import twisted
from mixsvc import __version__, facade
from mixsvc.application import (
    WebApplication,
    authenticator,
    connect_for_import,
    make_application,
    pages_authenticator,
    service_pages,
)
from mixsvc.common.records import record
from mixsvc.common.text import printable, unknown_option
from mixsvc.config.ini import RawSetting
from mixsvc.config.reading import ReadSettings, inspect_settings
from mixsvc.config.secret_files import check_admin_token
from mixsvc.config.settings import IRC_LISTEN, Settings
from mixsvc.errors import MixError
from mixsvc.http.ports.listening import check_ports
from mixsvc.interfaces import Authenticator
from mixsvc.operations.control.socket_file import check_control
from mixsvc.operations.garbage import collect_while_serving
from mixsvc.operations.log_files import check_log_file, hold_log_signals
from mixsvc.operations.operations import ProcessContext
from mixsvc.operations.reloading.preparing import Prepare, taking
from mixsvc.operations.reloading.reload import ReloadOrigin
from mixsvc.operations.reloading.source import SettingsSource
from mixsvc.operations.reloading.table import PAGES, STOP
from mixsvc.operations.renewal_signal import RenewalSignal
from mixsvc.operations.restart.beginning import Beginning
from mixsvc.operations.stop_signals import StopSignals, end_at_once
from mixsvc.pages.app import AppSecrets
from mixsvc.pages.index import warn_of_missing_libraries
from mixsvc.rates.sources import check_sources
from mixsvc.service import MixService, ViewProgram
from mixsvc.storage.choosing import look, rehearse, settled
from mixsvc.storage.lock import refuse_second_service
from mixsvc.threads.children import mark_programs
from mixsvc.twistd import (
    acting_as,
    begun,
    gives_up_rights,
    later_user,
    load_early,
    log_file,
    report_in_one_line,
    require_directory,
    run_directory,
    settle_in,
    settle_pid_file,
)
from txsockjs import BadOption
from txsockjs.clock import steady

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["MixsvcOptions", "Options", "makeService"]

# How long a thread may keep the interpreter that another one waits for. With half a millisecond the chat waits half as
# long as with one beside views that compute; with less it gains nothing, and those views lose (docs/design/bench.md).
SWITCH_SECONDS: Final = 0.0005


class MixsvcOptions(usage.Options):
    """The command line, which takes precedence over the settings file."""

    synopsis = "[options]"
    longdesc = (
        "Serves web pages, a live chat and exchange rates from one process and one port. "
        "Without options it listens on http://127.0.0.1:8080 and keeps its database, mixsvc.sqlite3, in the current "
        "directory. Everything else is set in an INI file; config.example.ini in the source lists every setting. "
        "Options before the word mixsvc are twistd's own: -n keeps it in the foreground, and twistd --help lists those "
        "for the daemon, its log file and its user."
    )
    optParameters: ClassVar[list[list[str | None]]] = [
        ["config", "c", None, "The settings file (INI)."],
        ["port", "p", None, "The TCP port; 0 chooses a free one, which the log names. [default: 8080]"],
        ["interface", "i", None, "The address to listen on; 0.0.0.0 means all IPv4 addresses. [default: 127.0.0.1]"],
        ["wsgi", "w", None, "Your own WSGI application instead of our pages, such as yourpackage.wsgi:app."],
    ]
    optFlags: ClassVar[list[list[str | None]]] = [
        ["reload", "r", "For development: load your application anew when one of its files has changed."],
    ]
    settings_by_option: ClassVar[dict[str, tuple[str, str]]] = {
        "port": ("server", "port"),
        "interface": ("server", "interface"),
        "wsgi": ("web", "wsgi"),
    }

    def __init__(self) -> None:
        usage.Options.__init__(self)
        self._listen: list[str] = []

    def opt_version(self) -> None:
        """Display the version and exit."""
        print(f"mixsvc {__version__}, Twisted {twisted.__version__}")
        raise SystemExit(0)

    def opt_listen(self, endpoint: str) -> None:
        """An endpoint: tcp:8080, unix:/run/mixsvc.sock or ssl:443:privateKey=key.pem:certKey=cert.pem. Repeatable."""
        if not endpoint.strip():
            raise usage.UsageError("--listen needs an endpoint, such as tcp:8080")
        self._listen.append(endpoint)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse the words after mixsvc. A mistake ends the process with one line: twistd would print all its options.

        options: None for those of sys.argv.
        """
        try:
            usage.Options.parseOptions(self, options)
            # Here, as twistd itself uses both next, and would print a traceback.
            require_directory(self)
            settle_in(self)
            settle_pid_file(self)
        except usage.UsageError as error:
            raise SystemExit(f"mixsvc: {self._advice(str(error))}") from None
        except MixError as error:
            raise SystemExit(f"mixsvc: {printable(str(error))}") from None

    def parseArgs(self, *words: str) -> None:
        """Refuse words that belong to no option."""
        if words:
            raise usage.UsageError(unknown_option(words[0], self._names(self)))

    def _advice(self, text: str) -> str:
        """What to say about a mistake; text: what getopt or usage.Options says."""
        found = re.fullmatch("option (-.+) not recognized", text)
        if not found:
            return text
        if self.parent is not None and found[1] in self._names(self.parent):
            return f"{found[1]} is an option of twistd; give it before the word mixsvc: twistd {found[1]} ... mixsvc"
        return unknown_option(found[1], self._names(self))

    @staticmethod
    def _names(options: usage.Options) -> list[str]:
        """The options as one writes them, such as --port and -p."""
        return [f"--{name.rstrip('=')}" for name in options.longOpt] + [
            f"-{name}" for name in options.shortOpt if name != ":"
        ]

    def given(self) -> dict[tuple[str, str], RawSetting]:
        """The settings of the command line, by section and key."""
        found = {
            setting: RawSetting(str(self[option]), f"--{option}", "command line")
            for option, setting in self.settings_by_option.items()
            if self[option] is not None
        }
        if self["reload"]:
            found["web", "reload"] = RawSetting("yes", "--reload", "command line")
        if self._listen:
            found["server", "listen"] = RawSetting("\n".join(self._listen), "--listen", "command line")
        return found


# twistd asks the module for its options by this name (twisted.application.service.ServiceMaker).
Options = MixsvcOptions


def makeService(options: MixsvcOptions) -> IService:
    """Make the service; it is not started. Ends the process with one line if a setting cannot be used.

    twistd calls it in the foreground, so that the user sees the line.
    """
    from twisted.internet import reactor

    (signals, renewal), beginning = _prepare_process(reactor), begun(options)
    try:
        found = inspect_settings(options["config"], options.given()).require_valid()
        directory = run_directory(options)
        settings = found.settings.within(directory)
        _check_nobody_has(settings, options, beginning)
        check_sources(settings.rates)
        # With --uid that user opens these later, and needs the rights for it.
        with acting_as(options):
            settings = replace(settings, storage=settled(settings.storage))
            rehearse(settings.storage, settings.nodes.listen_url)
        # First, so that an error in other people's code leaves no files of ours behind.
        hooks = _try_application(found, directory, options) if settings.web.processes else frozenset()
        with acting_as(options):
            parts = _make_parts(found, directory, hooks)
            _check_files(settings, found)
        origin = _origin(options, found, directory, _reloads(parts.web, signals))
        process = ProcessContext(os.environ, log_file(options), renewal, settings.server.control, origin, beginning)
        service = MixService(reactor, settings, parts.views, parts.authenticate, process)
    except (MixError, BadOption) as error:
        raise SystemExit(f"mixsvc: {printable(str(error))}") from None
    _tune(reactor, service)
    _load_what_is_closed_later(options, parts.web)
    _allow(signals, settings)
    return service


def _origin(
    options: MixsvcOptions, found: ReadSettings, directory: str, reloads: Mapping[str, Prepare]
) -> ReloadOrigin:
    """Where the settings come from; a daemon will be in another directory than now."""
    path = options["config"]
    source = SettingsSource(None if path is None else os.path.abspath(path), options.given(), directory)
    return ReloadOrigin(source, found, reloads)


def _reloads(web: WebApplication, signals: StopSignals) -> Mapping[str, Prepare]:
    return {PAGES: web.prepare_reload, STOP: taking(partial(_allow, signals))}


def _allow(signals: StopSignals, settings: Settings) -> None:
    """Let a stop take as long as the settings say."""
    # A second more, for the process to end.
    signals.stop_in_order(settings.server.drain + settings.server.shutdown_timeout + 1)


def _try_application(found: ReadSettings, directory: str, options: MixsvcOptions) -> frozenset[str]:
    """Have a process import the application and end; returns the names of what that registers.

    Raises BadSetting if it cannot.
    """
    # Here, as a service without children does not need them.
    from mixsvc.wsgi.children.setup import spawn_command
    from mixsvc.wsgi.children.trial import try_application

    # Without files: it serves nobody.
    return try_application(spawn_command(found.values, directory, AppSecrets().as_json()), later_user(options))


def _load_what_is_closed_later(options: MixsvcOptions, web: WebApplication) -> None:
    if gives_up_rights(options):
        load_early(web.pages)
        load_early(web.application)


def _check_nobody_has(settings: Settings, options: MixsvcOptions, beginning: Beginning) -> None:
    """Check that no other process has the database or a port; a second service on the database often wants both.

    beginning: says what this process has from the one before it.

    Raises MixError.
    """
    with acting_as(options):
        refuse_second_service(settings.storage.path, beginning.predecessor)
    server, irc = settings.server, {IRC_LISTEN: settings.irc.listen}
    check_ports(server.endpoints(), server.admin_listen, irc, beginning.sockets)


def _check_files(settings: Settings, found: ReadSettings) -> None:
    """Check the log file and the files of secrets, which must be those of the other nodes. Raises MixError."""
    check_log_file(settings.server.access_log_file)
    # The service can do without those that it has by default.
    if ("server", "control") in found.values:
        check_control(settings.server.control)
    if settings.server.admin_listen and ("server", "admin_token_file") in found.values:
        check_admin_token(settings.server.admin_token_file)
    if settings.storage.url:
        # Here, as a service on SQLite has no other nodes.
        from mixsvc.operations.agreement import expect_agreement, own_part

        look(settings.storage, lambda cursor: expect_agreement(cursor, own_part(settings)))


@record
class WebParts:
    """web: what the service itself has of the application. views: what it gives requests to. authenticate: see
    MixService.
    """

    web: WebApplication
    views: "WSGIApplication | ViewProgram"
    authenticate: Authenticator


def _make_parts(found: ReadSettings, directory: str, hooks: frozenset[str]) -> WebParts:
    """Import the application; with children only they do.

    directory: where relative paths of the settings start. hooks: what the application registers in children.
    """
    connect_for_import(facade.mix)
    settings = found.settings.within(directory)
    if settings.web.wsgi or settings.chat.authenticator:
        _keep_reactor()
    if settings.web.processes:
        web, shared = service_pages(facade.mix, settings)
        from mixsvc.wsgi.children.setup import spawn_command

        command = spawn_command(found.values, directory, shared.keys.as_json())
        program = ViewProgram(command, shared.logins, hooks, shared.keys.secret_key)
        # [chat] authenticator, if there is one, is the children's as well.
        parts = WebParts(web, program, pages_authenticator(web.pages))
    else:
        web = make_application(facade.mix, settings)
        parts = WebParts(web, web.application, authenticator(settings, web.pages))
    if web.pages is not None:
        warn_of_missing_libraries(web.pages)
    return parts


def _keep_reactor() -> None:
    """Keep the reactor for twistd: an application's crochet.setup() must not run it in a thread."""
    # Here, as a service of our own pages alone does not need it.
    import crochet

    try:
        crochet.no_setup()
    except RuntimeError:
        # It was called before; a second call is an error.
        pass


def _prepare_process(reactor: Any) -> tuple[StopSignals, RenewalSignal]:
    """Whatever must come before the application is imported."""
    signals, renewal = StopSignals(reactor), RenewalSignal()
    mark_programs()
    end_at_once()
    hold_log_signals()
    renewal.hold()
    steady(reactor)
    report_in_one_line()
    return signals, renewal


def _tune(reactor: Any, service: MixService) -> None:
    facade.mix.connect(lambda: service.facades)
    reactor.callWhenRunning(collect_while_serving)
    sys.setswitchinterval(SWITCH_SECONDS)
