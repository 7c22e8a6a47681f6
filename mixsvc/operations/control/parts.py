"""The parts of the service, as operators have them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred

from mixsvc.chat.service import ChatService
from mixsvc.common.histogram import Histogram
from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.config.settings import Settings
from mixsvc.holds.holder import ClientHolder
from mixsvc.rates.service import RatesService
from mixsvc.sockets.hub import ViewSockets
from mixsvc.storage.engine import Engine
from mixsvc.topics.service import TopicsService
from mixsvc.webhooks.service import WebhookService
from mixsvc.wsgi.spool import SpoolQuota
from mixsvc.wsgi.waiting import ViewThreads

if TYPE_CHECKING:
    from mixsvc.irc.service import IrcService
    from mixsvc.nodes.node import SharedNode
    from mixsvc.wsgi.supervision.processes import ViewProcesses

__all__ = ["HttpNumbers", "MonitoredParts", "OperatedService", "OperatorMeans"]


@record
class MonitoredParts:
    """The parts whose state operators see. children: None if views run in threads of this process. node: None if the
    service is alone. irc: None if it listens nowhere.
    """

    database: Engine
    rates: RatesService
    chat: ChatService
    topics: TopicsService
    webhooks: WebhookService
    views: ViewThreads
    unread: SpoolQuota
    holder: ClientHolder
    sockets: ViewSockets
    children: "ViewProcesses | None" = None
    node: "SharedNode | None" = None
    irc: "IrcService | None" = None


@record
class HttpNumbers:
    """connections: that are open, without WebSockets. refused: requests and connections, by reason. answered: requests
    whose responses are complete.
    """

    connections: int
    refused: Mapping[str, int]
    answered: int


@record
class OperatorMeans:
    """What actions call of the service itself.

    reopen: reopens the log files; returns how many were, and why others were not. reload: reads the settings again;
    fires with a line that says what has changed, and fails with MixError. drain(wanted): lets /readyz say that the
    service should get no new requests, or takes that back; raises MixError if it stops already. restart: lets a new
    process take over; fires with a line for the operator, and fails with MixError if this process goes on.
    """

    reopen: Callable[[], tuple[int, Sequence[str]]]
    reload: Callable[[], "Deferred[str]"]
    drain: Callable[[bool], None]
    restart: Callable[[], "Deferred[str]"]


class SessionLists(Protocol):
    """Lists sessions, and closes them; see sessions.SessionBook. Reactor thread."""

    def chat(self, lagging: Sequence[Any], most: int, /) -> list[dict[str, Any]]:
        """Sessions of the chat, at most so many; first those of these transports."""

    def held(self, most: int, /) -> list[dict[str, Any]]:
        """Clients that are held, at most so many."""

    def close(self, number: int, /) -> str:
        """Close the one that was shown under a number; returns a line for the operator. Raises ActionRefused."""


@record
class OperatedService:
    """What operators see and use of one service.

    started: when, by the clock of the reactor. stage: starting, serving, drained or stopping. listening: what is
    listened on, as the log says it. sessions: closes them. lag: how late the reactor is.
    """

    reactor: Any
    current: Current[Settings]
    parts: MonitoredParts
    started: float
    http: Callable[[], HttpNumbers]
    lag: Histogram
    stage: Callable[[], str]
    listening: Sequence[str]
    sessions: SessionLists
    means: OperatorMeans

    @property
    def settings(self) -> Settings:
        """The settings that count now."""
        return self.current.now
