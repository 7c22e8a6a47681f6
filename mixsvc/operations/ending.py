"""How the parts of the service end, in which order, and what each step may take of the time."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from mixsvc.chat.service import ChatService
from mixsvc.common.records import record
from mixsvc.holds.holder import ClientHolder
from mixsvc.http.site import MixSite
from mixsvc.operations.ports import OpenPorts
from mixsvc.rates.service import RatesService
from mixsvc.shutdown import StopStep
from mixsvc.sockets.hub import ViewSockets
from mixsvc.storage.engine import Engine
from mixsvc.topics.service import TopicsService
from mixsvc.webhooks.service import WebhookService
from mixsvc.wsgi.waiting import ViewThreads

if TYPE_CHECKING:
    from mixsvc.irc.service import IrcService
    from mixsvc.wsgi.supervision.processes import ViewProcesses

__all__ = ["EndingParts", "ServiceEnd", "Views"]


# A restart: how long responses say that they are the last of their connections, how long uploads may take before the
# ports pause, how long what is answered without a view may take after the views, and how often all this is looked at.
LAST_SECONDS: Final = 0.2
UPLOAD_SECONDS: Final = 2.0
REST_SECONDS: Final = 0.3
LOOK_SECONDS: Final = 0.02

# How often some more clients are sent to another process.
GOODBYE_SECONDS: Final = 0.1


class Views(ViewThreads, Protocol):
    """Where views run. Reactor thread."""

    def start(self) -> None:
        """Start the threads or processes."""

    def busy(self) -> list[str]:
        """The names of the calls that have not ended."""

    def drained(self) -> "Deferred[None]":
        """Fires when no call is running or waiting."""

    def stop(self) -> object:
        """Let the threads or processes end."""


class Charts(Protocol):
    """What draws. Reactor thread."""

    def stop(self) -> "Deferred[None]":
        """End its processes; fires when they have ended."""


@record
class EndingParts:
    """What ends. ports, irc_ports, admin_ports: of the site, of IRC and of operators. children: None if views run in
    threads. irc: None if it listens nowhere. hints: a node's second connection to its database; None without one.
    """

    ports: OpenPorts
    irc_ports: OpenPorts
    admin_ports: OpenPorts
    site: MixSite
    views: Views
    chat: ChatService
    holder: ClientHolder
    sockets: ViewSockets
    rates: RatesService
    charts: Charts
    topics: TopicsService
    webhooks: WebhookService
    database: Engine
    children: "ViewProcesses | None" = None
    irc: "IrcService | None" = None
    hints: Engine | None = None


class ServiceEnd:
    """The steps of the end; those of one entry run side by side. Reactor thread."""

    _log: Final = Logger("mixsvc.service")

    def __init__(self, clock: Any, parts: EndingParts) -> None:
        self._clock = clock
        self._parts = parts
        # Idle connections that another process can go on with.
        self._detached: list[int] = []

    def stop_steps(self) -> Sequence[Sequence[StopStep]]:
        """The steps of a stop, in order.

        The operators' ports close last, so that /readyz says until the end that the service is stopping.
        """
        parts = self._parts
        return (
            [(0.1, "closing the ports", parts.ports.close), (0.1, "closing the IRC ports", parts.irc_ports.close)],
            [(0.8, "the views in flight", self._drain_views), *self._goodbyes(), (0.8, "the poll", parts.rates.stop)],
            [(0.9, "the last responses", parts.site.emptied)],
            self._processes(),
            self._stores(),
            [(0.97, "telling the other nodes", parts.chat.leave)],
            self._databases(),
            [(1.0, "closing the operators' ports", parts.admin_ports.close)],
        )

    def give_up_steps(self) -> Sequence[Sequence[StopStep]]:
        """The steps of a stop before the service has begun to serve."""
        return [*self.closing_steps(), self._processes()]

    # A restart (operations/restart): in which order, is said there

    async def slow_down(self) -> None:
        """Let each response say that it is its connection's last, and then accept no more connections for now.

        Before that, what clients are sending gets a little time to end, as whoever connects is served meanwhile. Who
        has a connection that is idle waits from then on as whoever connects: no request begins that may not end.
        """
        parts, began = self._parts, self._clock.seconds()
        parts.site.say_last()
        await self._sleep(LAST_SECONDS)
        while parts.site.is_receiving() and self._clock.seconds() < began + UPLOAD_SECONDS:
            await self._sleep(LOOK_SECONDS)
        parts.ports.pause()
        parts.irc_ports.pause()
        self._detach()

    def take_detached(self) -> Sequence[int]:
        """The idle connections that another process can go on with, which are the caller's; each is returned once."""
        found, self._detached = self._detached, []
        return found

    async def say_goodbye_over(self, seconds: float) -> None:
        """Send clients with long connections to the new process one after the other; that serves already."""
        parts = self._parts
        crowds: list[Any] = [parts.chat, parts.holder, *([parts.irc] if parts.irc is not None else ())]
        for left in range(round(seconds / GOODBYE_SECONDS), 0, -1):
            for crowd in crowds:
                crowd.close_some(1 / left)
            await self._sleep(GOODBYE_SECONDS)

    def answering_steps(self) -> Sequence[Sequence[StopStep]]:
        """Requests in flight are answered, while the clients of the chat are still served.

        Nobody waits for the rest of a head: it is small, so the client has died or wants to hold others up.
        """
        return [[(0.8, "the views in flight", self._answer_all), (0.8, "the poll", self._parts.rates.stop)]]

    def goodbye_steps(self) -> Sequence[Sequence[StopStep]]:
        """Whoever has a long connection is told to come back."""
        return [self._goodbyes()]

    def storing_steps(self) -> Sequence[Sequence[StopStep]]:
        """What waits is stored, and the database is closed; operators are answered until then."""
        return [
            [(0.85, "the last answers", self._answer_rest)],
            self._stores(),
            [(0.97, "telling the other nodes", self._parts.chat.leave)],
            [(1.0, "the operators' ports", self._pause_admin)],
            self._databases(),
        ]

    def last_steps(self) -> Sequence[Sequence[StopStep]]:
        """What needs no database ends."""
        return [[(0.95, "the last responses", self._empty)], self._processes()]

    def closing_steps(self) -> Sequence[Sequence[StopStep]]:
        """The ports close, if no other process has them, and the connections that none goes on with."""
        parts = self._parts
        ports = parts.ports, parts.irc_ports, parts.admin_ports
        return [
            [(1.0, "closing the ports", each.close) for each in ports],
            [(1.0, "closing the idle connections", self._close_detached)],
        ]

    async def _answer_all(self) -> None:
        parts = self._parts
        try:
            while parts.site.is_uploading() or any(parts.views.load()):
                await self._sleep(LOOK_SECONDS)
        finally:
            # What comes from now on might get no answer.
            self._detach()
            parts.site.close_used_tls()
            self._give_up(parts.views.busy())

    async def _answer_rest(self) -> None:
        """What is answered without a view; but nobody waits for clients who do not read."""
        until = self._clock.seconds() + REST_SECONDS
        try:
            while self._parts.site.is_busy() and self._clock.seconds() < until:
                await self._sleep(LOOK_SECONDS)
        finally:
            self._detach()

    def _detach(self) -> None:
        """Take the connections that are idle now."""
        from mixsvc.http.ports.detaching import detached

        self._detached += detached(list(self._parts.site.idle), self._clock)

    async def _close_detached(self) -> None:
        for each in self.take_detached():
            os.close(each)

    async def _pause_admin(self) -> None:
        self._parts.admin_ports.pause()

    def _empty(self) -> "Deferred[None]":
        self._parts.site.finish_up()
        return self._parts.site.emptied()

    def _sleep(self, seconds: float) -> "Deferred[None]":
        return deferLater(self._clock, seconds)

    def _goodbyes(self) -> Sequence[StopStep]:
        parts = self._parts
        return [
            (0.8, "the chat's clients", parts.chat.close),
            *([(0.8, "the IRC clients", parts.irc.stop)] if parts.irc is not None else ()),
            (0.8, "the clients that are held", parts.holder.stop),
            (0.8, "the sockets of views", parts.sockets.stop),
        ]

    def _processes(self) -> Sequence[StopStep]:
        children = self._parts.children
        return [
            *([(0.95, "the processes that run views", children.stop)] if children is not None else ()),
            (0.95, "the processes that draw charts", self._parts.charts.stop),
        ]

    def _stores(self) -> Sequence[StopStep]:
        parts = self._parts
        return [
            (0.95, "storing messages", parts.chat.flush),
            (0.95, "storing events", parts.topics.stop),
            (0.95, "the webhooks", parts.webhooks.stop),
        ]

    def _databases(self) -> Sequence[StopStep]:
        parts = self._parts
        steps: list[StopStep] = [
            (1.0, "closing the database", parts.database.close),
            (1.0, "closing the database of events", parts.topics.close_own_database),
        ]
        if parts.hints is not None:
            steps.append((1.0, "closing the connection for hints", parts.hints.close))
        return steps

    async def _drain_views(self) -> None:
        parts = self._parts
        parts.site.finish_up()
        try:
            await parts.views.drained()
        finally:
            self._give_up(parts.views.busy())

    def _give_up(self, requests: Sequence[str]) -> None:
        children: Any = self._parts.children
        if children is None:
            for request in requests:
                self._log.warn("mixsvc: {request} did not end in time and is left behind", request=request)
        else:
            for request in requests:
                self._log.warn("mixsvc: {request} did not end in time; its process is killed", request=request)
            children.give_up()
