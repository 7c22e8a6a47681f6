"""The service: everything in one process, built, started and stopped in order.

Start. Before it, tap.makeService has checked the settings, the database file, the ports and the application in the
foreground, because a daemon has no terminal for its messages. `MixService()` builds every part and opens nothing.
`privilegedStartService` binds the ports, while the process still has the rights for it. `startService` makes or
upgrades the database, publishes the last known rates and begins to poll. Only then does twistd run the reactor, so
nobody gets a response before all that is done.

Stop, on SIGTERM. Each step has its share of [server] shutdown_timeout, and no step can prevent the next one by failing
or hanging (mixsvc.shutdown):

1. The drain: /readyz answers 503, systemd is notified, and for [server] drain seconds everything else goes on.
2. The ports close, except for the operators' one, which closes last.
3. Side by side, since a hanging view must not take the others' time: views in flight end and no new one begins; the
   chat's sessions get what was sent to them and a close frame with 1001, IRC clients an ERROR, views' sockets 1012; the
   poll is given up. A view that does not end is named in the log and left behind on its thread, or killed with its
   child.
4. The last responses reach their clients, and children end.
5. The messages and events that wait are stored, and how far webhooks have come; other nodes are told, and the database
   closes, in a thread that is left behind if the disk hangs.

twistd then raises the signal again, which a shell shows as 143 for SIGTERM. mixsvc.operations.stop_signals says how the
signals come here, and ends the process if all this takes too long.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.web.resource import IResource

from mixsvc.application import password_check, person_tokens, request_authenticator
from mixsvc.assembly.chat_parts import ChatParts, make_chat_parts
from mixsvc.charts.queue import ChartsFacade, make_charts
from mixsvc.chat.service import ChatDependencies
from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.config.settings import IRC_LISTEN, Settings
from mixsvc.direct.pages import DirectPages, direct_pages
from mixsvc.direct.routes import DirectSources
from mixsvc.errors import MixError
from mixsvc.facade import Facades, Mix
from mixsvc.hooks.children import ChildHookRunner
from mixsvc.hooks.login_watch import LookAtLogins
from mixsvc.hooks.registry import hooks
from mixsvc.hooks.threads import ThreadHookRunner
from mixsvc.http.ports.handed import HandingReactor
from mixsvc.http.ports.listening import ADMIN_LISTEN, SERVER_LISTEN
from mixsvc.http.routing import Root
from mixsvc.http.site import MixSite
from mixsvc.interfaces import Authenticator
from mixsvc.interfaces.auth import Identifier
from mixsvc.operations.control.parts import MonitoredParts
from mixsvc.operations.ending import EndingParts, ServiceEnd, Views
from mixsvc.operations.forks import ForkWatcher
from mixsvc.operations.operations import Operations, ProcessContext
from mixsvc.operations.ports import OpenPorts
from mixsvc.operations.reloading.parts import certificates_of
from mixsvc.operations.reloading.table import CERTIFICATES, DIRECT
from mixsvc.pages.auth.memory import LoginMemory
from mixsvc.rates.service import RatesService
from mixsvc.shutdown import StopDeadline
from mixsvc.sockets.hub import SocketLimits, ViewSockets
from mixsvc.storage.choosing import make_database, prepare
from mixsvc.storage.engine import Engine
from mixsvc.storage.lock import SERVICE, DatabaseLock, own
from mixsvc.threads.bridge import Bridge
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.resolver import DaemonThreadResolver
from mixsvc.threads.wait_limit import WaitLimit
from mixsvc.wsgi.resource import wsgi_resource
from mixsvc.wsgi.socket_views import ViewDependencies
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from mixsvc.irc.service import IrcService
    from mixsvc.nodes.node import SharedNode
    from mixsvc.operations.control.desk import OperatorDesk
    from mixsvc.operations.restart.restarting import Restarting
    from mixsvc.questions import ViewsSupport
    from mixsvc.wsgi.children.setup import SpawnCommand
    from mixsvc.wsgi.supervision.processes import ViewProcesses

__all__ = ["MixService", "ViewProgram"]

# How long a view waits for the reactor, in seconds.
BRIDGE_SECONDS: Final = 5.0

# Threads for what blocks but is not a view: reading documents of rates, resolving names.
HELPER_THREADS: Final = 4

# Threads that read what clients have not read yet from files.
READER_THREADS: Final = 4


@record
class ViewProgram:
    """How to start the processes in which views run, and the memory of logins that they share with the service.

    hooks: the names of what the application registers there, as far as is known before one is ready. key: signs tokens
    if the sessions' key has no file.
    """

    command: "SpawnCommand"
    logins: LoginMemory
    hooks: frozenset[str]
    key: bytes | None = None


class MixService(MultiService):
    """Pages, chat and rates on the same ports, IRC on its own. Used in the main thread, which runs the reactor.

    facades: what views see. Nothing is opened before `privilegedStartService`, and nobody gets a response before
    `startService` has returned and the reactor runs.
    """

    _log = Logger()
    _children: "ViewProcesses | None" = None
    _restarting: "Restarting | None" = None
    _has_begun = False

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        application: "WSGIApplication | ViewProgram",
        authenticate: Authenticator,
        process: ProcessContext | None = None,
    ) -> None:
        """application: what to run in threads, or how to start the processes that run it.

        authenticate: says who opens a chat connection. process: None for a process without environment and log.
        """
        MultiService.__init__(self)
        self._reactor = reactor
        self._settings, web = settings, settings.web
        self._helpers = DaemonThreadPool(reactor, HELPER_THREADS, "helper")
        self._readers = DaemonThreadPool(reactor, READER_THREADS, "reader")
        self._unread = SpoolQuota(SpoolLimits.of_process(web.max_unread, web.max_unread_together), reactor.seconds)
        self._views, pages = self._make_views(application)
        self._database = make_database(reactor, settings.storage, self._helpers.defer)
        self._hints, self._node = self._make_node()
        self._lock = DatabaseLock(settings.storage.path, SERVICE)
        self._hooks = ThreadHookRunner(reactor, hooks) if self._children is None else ChildHookRunner(self._children)
        self._rates = self._make_rates()
        parts = self._make_chat(authenticate, application)
        self._chat, self._topics, self._webhooks, self._holder = parts.chat, parts.topics, parts.webhooks, parts.holder
        self._irc = self._make_irc(authenticate)
        self._process = process or ProcessContext()
        self._operations = self._make_operations(self._process)
        self._site = self._make_site(pages)
        self._admin_site = self._operations.watch(self._site)
        self._ports, self._irc_ports, self._admin_ports = self._make_ports()
        self._forks = ForkWatcher(reactor, self._sockets)
        self._chart_queue, charts = make_charts(reactor, settings, self._helpers.defer)
        self._support = self._make_support(application)
        self.facades, self._end = self._make_facades(charts), self._make_end()

    def _make_ports(self) -> tuple[OpenPorts, OpenPorts, OpenPorts]:
        """Those of the site, of IRC, and of operators."""
        log = self._operations.port_log
        # Some sockets may be those of the process before this one, and the next one gets all of them.
        reactor = self._sockets_to_hand = HandingReactor(self._reactor, self._process.beginning.sockets)
        site = OpenPorts(reactor.of(SERVER_LISTEN), SERVER_LISTEN, log.site)
        irc = OpenPorts(reactor.of(IRC_LISTEN), IRC_LISTEN, log.other("IRC"))
        admin = OpenPorts(reactor.of(ADMIN_LISTEN), ADMIN_LISTEN, log.other("admin pages"))
        ports = site, irc, admin
        found = certificates_of(lambda: [each for opened in ports for each in opened.certificates()])
        self._operations.reloads({CERTIFICATES: found})
        return ports

    def _make_end(self) -> ServiceEnd:
        parts = EndingParts(
            ports=self._ports,
            irc_ports=self._irc_ports,
            admin_ports=self._admin_ports,
            site=self._site,
            views=self._views,
            chat=self._chat,
            holder=self._holder,
            sockets=self._view_sockets,
            rates=self._rates,
            charts=self._chart_queue,
            topics=self._topics,
            webhooks=self._webhooks,
            database=self._database,
            children=self._children,
            irc=self._irc,
            hints=self._hints,
        )
        return ServiceEnd(self._reactor, parts)

    def _make_facades(self, charts: ChartsFacade) -> Facades:
        chat, pairs = self._chat, self._settings.rates.pairs
        return Facades(self._rates.facade, chat.facade, pairs, charts, chat.tokens, self._topics.facade)

    def _make_chat(self, authenticate: Authenticator, application: "WSGIApplication | ViewProgram") -> ChatParts:
        bridge = Bridge(self._reactor, BRIDGE_SECONDS)
        self._identify, look = self._make_identifier(authenticate, bridge)
        # If the disk hangs, half of the view threads are left for those who do not need the database.
        wait_limit = WaitLimit(max(1, self._settings.web.threads // 2))
        views = bridge, wait_limit, self._helpers.defer, self._hooks
        given = ChatDependencies(self._database, self._rates, self._identify, *views)
        key = application.key if isinstance(application, ViewProgram) else None
        given = replace(given, look=look, node=self._node, tokens=person_tokens(self._settings, key))
        if self._node is not None:
            given = replace(given, wall=self._node.wall)
        return make_chat_parts(self._reactor, self._settings, given, self._rates)

    def _make_irc(self, authenticate: Authenticator) -> "IrcService | None":
        if not self._settings.irc.listen:
            return None
        from mixsvc.irc.clients.door import IrcDependencies
        from mixsvc.irc.service import IrcService

        passwords = password_check(self._settings, authenticate, self._identify, self._helpers.defer)
        chat = self._chat
        given = IrcDependencies(self._reactor, chat.wall.seconds, chat.door(), chat.tokens, passwords)
        return IrcService(self._settings, given)

    def _hold(self, *given: Any) -> None:
        """Hold a client; no view runs before there is a holder."""
        self._holder.hold(*given)

    def _make_node(self) -> "tuple[Engine | None, SharedNode | None]":
        """See make_node; None without nodes."""
        if not self._settings.storage.url:
            return None, None
        from mixsvc.nodes.node import make_node

        return make_node(self._reactor, self._settings, self._database, self._helpers.defer)

    def _make_rates(self) -> RatesService:
        nodes = self._node.nodes if self._node is not None else None
        return RatesService(self._reactor, self._settings, self._database, self._helpers, nodes)

    def _make_operations(self, process: ProcessContext) -> Operations:
        watched = self._database, self._rates, self._chat, self._topics, self._webhooks
        held = self._holder, self._view_sockets
        parts = MonitoredParts(*watched, self._views, self._unread, *held, self._children, self._node, self._irc)
        operations = Operations(self._reactor, self._settings, parts, process, self._helpers.defer)
        operations.restart, operations.restarting = self.restart, lambda: self._restarting
        return operations

    def _make_identifier(self, authenticate: Authenticator, bridge: Bridge) -> tuple[Identifier, LookAtLogins | None]:
        """Who says who opens a connection, and who looks for log-outs; None if any thread can."""
        if self._children is not None and self._settings.chat.authenticator:
            from mixsvc.wsgi.child_authentication import ChildAuthenticator

            found = ChildAuthenticator(self._reactor, self._children.ready_process, bridge)
            return found, found.look
        return request_authenticator(self._reactor, self._settings, authenticate), None

    def _make_views(self, application: "WSGIApplication | ViewProgram") -> tuple[Views, IResource]:
        web = self._settings.web
        limits, origins = SocketLimits.of(self._settings), self._settings.chat.origins
        self._view_sockets = ViewSockets(self._reactor, limits, origins)
        if isinstance(application, ViewProgram):
            # Here, as a service without children needs none of them.
            from mixsvc.wsgi.children.process import ViewProcess
            from mixsvc.wsgi.children.resource import ChildResource
            from mixsvc.wsgi.supervision.processes import ViewProcesses

            make = partial(ViewProcess, self._reactor, application.command, self._answer)
            children = self._children = ViewProcesses(self._reactor, web, make, application.hooks)
            return children, ChildResource(children, self._hold, self._view_sockets)
        pool = DaemonThreadPool(self._reactor, web.threads, "view")
        given = ViewDependencies.of(self._reactor, web, self._hold, self._view_sockets)
        return pool, wsgi_resource(pool, application, self._readers, self._unread, given)

    def _make_support(self, application: "WSGIApplication | ViewProgram") -> "ViewsSupport | None":
        if not isinstance(application, ViewProgram) or self._children is None:
            return None
        from mixsvc.questions import AskedParts, ViewsSupport

        parts = AskedParts(self._chat.dispatcher, self._topics, self._rates, self._chart_queue, application.logins)
        return ViewsSupport(self._reactor, parts, self._children.push_rates)

    def _answer(self, question: bytes) -> "Deferred[bytes]":
        """Answer a process of views; none runs without its support."""
        assert self._support is not None
        return self._support.answer(question)

    def _make_site(self, pages: IResource) -> MixSite:
        root = Root(self._direct(pages), self._chat.resource, self._settings.chat.prefix)
        return MixSite(self._reactor, self._operations.with_health_pages(root), self._settings)

    def _direct(self, pages: IResource) -> IResource:
        """The resource that answers for our pages without a view where it can, before the application."""
        mix, rates, dispatcher = Mix(), self._rates.facade, self._chat.dispatcher
        mix.connect(lambda: self.facades)
        sources = DirectSources(mix, Current(self._settings.chat.guests), rates.state, dispatcher.room_count)
        direct = direct_pages(pages, self._settings, sources, self._helpers.defer)
        if isinstance(direct, DirectPages):
            self._operations.reloads({DIRECT: direct.prepare_reload})
        return direct

    def setServiceParent(self, parent: Any) -> None:
        """Become a part of twistd's application."""
        MultiService.setServiceParent(self, parent)
        self._operations.log_into_file(parent)

    def privilegedStartService(self) -> None:
        """Read the archive and open the ports. Raises MixError if a port is taken since makeService checked it."""
        # Here, as the user that the process becomes may not be allowed to read our installation; and first, as whoever
        # connects waits for the rest of the start.
        self._rates.read_archive()
        server = self._settings.server
        self._open(self._ports, server.endpoints(), self._site)
        if self._irc is not None:
            self._open(self._irc_ports, self._settings.irc.listen, self._irc)
        self._open(self._admin_ports, server.admin_listen, self._admin_site)
        if self._process.beginning.inheritance is not None:
            # Whoever connects waits, or is served by the process before this one.
            for ports in self._all_ports():
                ports.pause()
        MultiService.privilegedStartService(self)

    def startService(self) -> None:
        """Prepare the database and the last known rates, then poll. Blocks a moment: the reactor does not run yet.

        Raises DatabaseUnusable, and BadSetting if the access log cannot be opened.
        """
        self._views.start()
        self._helpers.start()
        self._readers.start()
        self._reactor.installNameResolver(DaemonThreadResolver(self._helpers))
        inheritance = self._process.beginning.inheritance
        if inheritance is None:
            self._begin()
        else:
            from mixsvc.http.ports.detaching import adopt_connection
            from mixsvc.operations.restart.predecessor import Predecessor

            acts = self._operations.acts_after_restart()
            predecessor = Predecessor(self._reactor, self._process.beginning, inheritance, acts)
            adopt = partial(adopt_connection, self._reactor, self._site)
            self._reactor.callWhenRunning(predecessor.wait, self._prepared, self._take_over, adopt)

    def _prepared(self) -> "Deferred[Any]":
        """Fires when views can run."""
        return succeed(None) if self._children is None else self._children.ready_process()

    async def _take_over(self) -> None:
        """The process before this one has let go."""
        self._begin()
        self._sockets_to_hand.take_over()
        if self._node is not None:
            await self._node.begun()
        self._sockets_to_hand.close_rest()
        for ports in self._all_ports():
            ports.resume()

    def _begin(self) -> None:
        """Do what needs the database, and everything after that."""
        self._has_begun = True
        try:
            # Not before: this is the process that serves, with its final number and user.
            own(self._lock, self._settings.storage.path)
            self._rates.prepare()
            stored = self._chat.prepare()
            self._agree_with_nodes()
            self._operations.start(self._sockets_to_hand)
        except MixError as error:
            raise self._logged(error) from None
        self._chat.start(stored)
        self._topics.start()
        self._webhooks.start()
        self._rates.start()
        if self._support is not None:
            self._support.start()
        self._forks.start()
        MultiService.startService(self)

    def _agree_with_nodes(self) -> None:
        if self._settings.storage.url:
            from mixsvc.operations.agreement import agree, own_part

            prepare(self._settings.storage, partial(agree, own=own_part(self._settings)))

    def stopService(self) -> "Deferred[None]":
        """Stop as the module's docstring says; fires within [server] drain and shutdown_timeout, and does not fail."""
        MultiService.stopService(self)
        restarting = self._restarting.stop() if self._restarting is not None else None
        return restarting if restarting is not None else Deferred.fromCoroutine(self._stop())

    def restart(self) -> "Deferred[str]":
        """Let a new process take over; see mixsvc.operations.restart.restarting.Restarting.begin."""
        if self._restarting is None:
            # Only here, as most processes are never restarted.
            from mixsvc.operations.restart.restarting import Restarting, RestartingService

            operations, beginning = self._operations, self._process.beginning
            given = self._reactor, lambda: operations.settings, beginning, self._sockets_to_hand, self._end
            after = self._lock.release, operations.tell_main_process, self._finish, operations.is_drained
            self._restarting = Restarting(RestartingService(*given, *after, lambda: not self.running))
        return self._restarting.begin()

    async def _stop(self) -> None:
        if self._has_begun:
            await self._operations.drain()
        deadline = StopDeadline(self._reactor, self._operations.settings.server.shutdown_timeout)
        await deadline.share_out(self._end.stop_steps() if self._has_begun else self._end.give_up_steps())
        self._finish()

    def _finish(self) -> None:
        """What is left behind all steps."""
        self._operations.stop()
        if self._children is None:
            self._views.stop()
        if self._support is not None:
            self._support.stop()
        self._helpers.stop()
        self._readers.stop()
        self._hooks.stop()
        self._lock.release()

    @property
    def desk(self) -> "OperatorDesk":
        """What operators see and do."""
        return self._operations.desk

    def _sockets(self) -> list[Any]:
        doors: tuple[Any, ...] = (self._site, self._admin_site, self._irc)
        clients = [each for door in doors if door is not None for each in door.transports()]
        others: tuple[Any, ...] = (*self._all_ports(), self._operations, self._database, self._node, self._hints)
        return [*clients, *(each for part in others if part is not None for each in part.sockets())]

    def _all_ports(self) -> tuple[OpenPorts, OpenPorts, OpenPorts]:
        return self._ports, self._irc_ports, self._admin_ports

    def _open(self, ports: OpenPorts, descriptions: Sequence[str], factory: IProtocolFactory) -> None:
        try:
            ports.open(descriptions, factory)
        except MixError as error:
            raise self._logged(error) from None

    def _logged(self, error: BaseException) -> BaseException:
        """Log a MixError and return it: twistd shows only a hundred bytes of an error that a daemon raises."""
        if isinstance(error, MixError):
            self._log.critical("mixsvc: {error}", error=str(error))
        return error
