"""The metrics in the formats of Prometheus. The parts of the service count; this module asks them for the numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from mixsvc import __version__
from mixsvc.chat.stats import CODES, ChatStats
from mixsvc.common.histogram import Histogram
from mixsvc.common.http_grammar import media_weight
from mixsvc.common.records import record
from mixsvc.holds.holder import HeldStats
from mixsvc.http.errors import REFUSALS
from mixsvc.interfaces import SourceHealth
from mixsvc.irc.clients.numbers import IRC_REFUSALS, IrcNumbers
from mixsvc.nodes.node import NodeStats
from mixsvc.operations.reactor_lag import ReactorLag
from mixsvc.operations.traffic import Traffic
from mixsvc.rates.polling.source_health import FAILING, GOOD, UNTRIED, WAITING
from mixsvc.sockets.hub import SocketStats
from mixsvc.storage.sqlite_version import SQLITE_VERSION, has_wal_reset_fault
from mixsvc.topics.stats import TopicStats
from mixsvc.webhooks.schedule import GIVEN_UP, Verdict
from mixsvc.webhooks.stats import HookStats
from mixsvc.wsgi.supervision.stats import ChildrenStats, SlotStats
from mixsvc.wsgi.waiting import ViewThreads
from txsockjs import Numbers

__all__ = ["MetricsExposition", "MetricSources"]

SQLITE_LABELS: Final = ("version", "wal_reset_fault")

STATES: Final = (UNTRIED, GOOD, FAILING, WAITING)

# Why sessions are refused (txsockjs.Numbers). Each row of a counter is there from the start, as Prometheus sees no
# increase from nothing to one.
SESSION_REFUSALS: Final = ("sessions", "address", "stopping")

# For each row the values of its labels, and its number.
Rows: TypeAlias = Iterable[tuple[tuple[str, ...], float]]


@record
class MetricSources:
    """Where the numbers come from. All are asked in the reactor thread, when somebody asks for the metrics.

    children: None if there are none; then their metrics are left out. server: whether the PostgreSQL server answers;
    None for SQLite. node: what this service is among others; None if it is alone. irc: None if it listens nowhere.
    """

    traffic: Traffic
    connections: Callable[[], int]
    refused: Callable[[], Mapping[str, int]]
    sessions: Callable[[], Numbers]
    chat: Callable[[], ChatStats]
    topics: Callable[[], TopicStats]
    webhooks: Callable[[], Sequence[HookStats]]
    sources: Callable[[], Sequence[SourceHealth]]
    source_ages: Callable[[], Mapping[str, float]]
    views: ViewThreads
    unread: Callable[[], int]
    lag: ReactorLag
    timers: Callable[[], int]
    held: Callable[[], HeldStats]
    sockets: Callable[[], SocketStats]
    children: Callable[[], ChildrenStats] | None = None
    server: Callable[[], bool] | None = None
    node: Callable[[], NodeStats] | None = None
    irc: Callable[[], tuple[int, IrcNumbers]] | None = None


@record
class ExpositionFormat:
    """A format of Prometheus. kind, parameters: its media type. encode: writes what a registry collects in it."""

    kind: str
    parameters: Mapping[str, str]
    encode: Callable[[CollectorRegistry], bytes]

    def content_type(self) -> str:
        """The value of Content-Type."""
        return "; ".join([self.kind, *(f"{name}={value}" for name, value in self.parameters.items())])


# The first of those that a client wants equally is written. The client library's own choice ignores weights, and takes
# a client's word for versions that it does not write.
FORMATS: Final = (
    ExpositionFormat("text/plain", {"version": "0.0.4", "charset": "utf-8"}, generate_latest),
    ExpositionFormat(
        "application/openmetrics-text", {"version": "1.0.0", "charset": "utf-8"}, openmetrics.generate_latest
    ),
)


class MetricsExposition:
    """Writes the metrics of one service and of its process. Used in the reactor thread."""

    def __init__(self, parts: MetricSources) -> None:
        # Not the global registry: that would keep a reference to the service, and it belongs to the user's own metrics.
        self._registry = CollectorRegistry()
        self._service = _ServiceCollector(parts)
        self._registry.register(self._service)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def write(self, accept: str, is_ready: bool) -> tuple[bytes, str] | None:
        """Returns the metrics and their content type; None if the client refuses each of the formats.

        accept: the value of an Accept field; a format that it does not name is written if it names none. is_ready:
        what /readyz says.
        """
        weighted = [(media_weight(accept, each.kind, each.parameters), each) for each in FORMATS]
        wanted = [(weight, each) for weight, each in weighted if weight]
        others = [each for weight, each in weighted if weight is None]
        if wanted:
            others = [max(wanted, key=lambda pair: pair[0])[1]]
        if not others:
            return None
        self._service.is_ready = is_ready
        return others[0].encode(self._registry), others[0].content_type()


class _ServiceCollector(Collector):
    def __init__(self, parts: MetricSources) -> None:
        self._parts = parts
        # What /readyz says at the moment of writing.
        self.is_ready = False

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, which keeps the registry from collecting when this is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric family with its current numbers."""
        yield _gauges("mixsvc_info", "What runs.", ("version",), [((__version__,), 1)])
        yield self._database()
        yield _gauge("mixsvc_ready", "What /readyz says: 1 if it should get requests.", self.is_ready)
        yield from self._http()
        yield from self._views()
        yield from _held(self._parts.held())
        yield from _sockets(self._parts.sockets())
        if self._parts.children is not None:
            yield from _children(self._parts.children())
        yield from self._sockjs()
        if self._parts.irc is not None:
            yield from _irc(*self._parts.irc())
        yield from self._chat()
        yield from _topics(self._parts.topics())
        yield from _webhooks(self._parts.webhooks())
        if self._parts.node is not None:
            yield from _nodes(self._parts.node())
        yield from self._sources()
        yield _histogram("mixsvc_reactor_lag_seconds", "How late the reactor is.", self._parts.lag.seconds)
        yield _gauge("mixsvc_reactor_timers", "Delayed calls of the reactor.", self._parts.timers())

    def _database(self) -> Metric:
        if self._parts.server is not None:
            return _gauge("mixsvc_postgresql_up", "1 while the server answers.", self._parts.server())
        fault = str(has_wal_reset_fault()).lower()
        return _gauges("mixsvc_sqlite_info", "The SQLite in use.", SQLITE_LABELS, [((SQLITE_VERSION, fault), 1)])

    def _http(self) -> Iterator[Metric]:
        traffic = self._parts.traffic
        answers = traffic.answers.items()
        yield _counters("mixsvc_http_requests", "Requests answered.", ("method", "status", "part"), answers)
        text = "From the first byte of a request to the end of its response."
        seconds = HistogramMetricFamily("mixsvc_http_request_duration_seconds", text, labels=("part",))
        for part, histogram in traffic.seconds.items():
            seconds.add_metric((part,), list(histogram.buckets()), histogram.sum)
        yield seconds
        yield _gauge("mixsvc_http_connections", "Open connections, without WebSockets.", self._parts.connections())
        text = "Requests refused, by status, and connections closed, by reason."
        yield _counters(
            "mixsvc_http_refused", text, ("reason",), _rows(dict.fromkeys(REFUSALS, 0) | dict(self._parts.refused()))
        )

    def _views(self) -> Iterator[Metric]:
        running, waiting = self._parts.views.load()
        yield _gauge("mixsvc_view_threads", "Threads for views.", self._parts.views.size)
        yield _gauge("mixsvc_views_running", "Requests in a view's thread.", running)
        yield _gauge("mixsvc_views_waiting", "Requests that wait for a view's thread.", waiting)

        text = "Bytes of responses in temporary files, which clients have not read yet."
        yield _gauge("mixsvc_responses_unread_bytes", text, self._parts.unread())

    def _sockjs(self) -> Iterator[Metric]:
        numbers = self._parts.sessions()
        yield _gauges("mixsvc_sockjs_sessions", "Chat sessions open.", ("transport",), _rows(numbers.sessions))
        yield _counter("mixsvc_sockjs_sessions_opened", "Chat sessions opened.", numbers.opened)
        text = "Chat sessions refused, by reason."
        refused = dict.fromkeys(SESSION_REFUSALS, 0) | dict(numbers.refused)
        yield _counters("mixsvc_sockjs_sessions_refused", text, ("reason",), _rows(refused))
        text = "Chat sessions closed because their clients did not read."
        yield _counter("mixsvc_sockjs_outbox_closes", text, numbers.outbox_closes)

    def _chat(self) -> Iterator[Metric]:
        stats = self._parts.chat()
        yield _gauge("mixsvc_chat_members", "Persons in the chat.", stats.members)
        yield _gauge("mixsvc_chat_rooms", "Rooms in memory.", stats.rooms)
        yield _counter("mixsvc_chat_messages", "Messages stored and acknowledged.", stats.messages)
        text = "Chat requests answered by an error."
        refusals = dict.fromkeys(CODES, 0) | dict(stats.refusals)
        yield _counters("mixsvc_chat_refusals", text, ("code",), _rows(refusals))
        yield _histogram("mixsvc_chat_commit_messages", "Messages in one commit.", stats.commit_sizes)
        yield _histogram("mixsvc_chat_commit_duration_seconds", "How long a commit takes.", stats.commit_seconds)

    def _sources(self) -> Iterator[Metric]:
        sources, ages = self._parts.sources(), _rows(self._parts.source_ages())
        yield _gauges("mixsvc_rates_source_age_seconds", "Time since its last valid answer.", ("source",), ages)
        failures = _rows({each.name: each.failures for each in sources})
        yield _gauges("mixsvc_rates_source_failures", "Failures in a row.", ("source",), failures)
        states = [((each.name, state), each.state == state) for each in sources for state in STATES]
        yield _gauges("mixsvc_rates_source_state", "1 for the present state.", ("source", "state"), states)


def _topics(stats: TopicStats) -> Iterator[Metric]:
    yield _gauge("mixsvc_topics_followed", "Topics that somebody follows here.", stats.followed)
    yield _counter("mixsvc_topics_events", "Events stored and acknowledged.", stats.published)
    text = "Events refused because their topic got too many."
    yield _counter("mixsvc_topics_events_refused", text, stats.refused)
    yield _histogram("mixsvc_topics_commit_events", "Events in one commit.", stats.commit_sizes)
    text = "How long a commit of events takes."
    yield _histogram("mixsvc_topics_commit_duration_seconds", text, stats.commit_seconds)


def _irc(connections: int, numbers: IrcNumbers) -> Iterator[Metric]:
    yield _gauge("mixsvc_irc_connections", "Connections of IRC clients.", connections)
    yield _counter("mixsvc_irc_connections_opened", "Connections of IRC clients that were ever opened.", numbers.opened)
    text = "Connections of IRC clients that were refused, by reason."
    refused = dict.fromkeys(IRC_REFUSALS, 0) | dict(numbers.refused)
    yield _counters("mixsvc_irc_connections_refused", text, ("reason",), _rows(refused))
    text = "Connections of IRC clients closed because they did not read."
    yield _counter("mixsvc_irc_slow_closes", text, numbers.slow)


def _webhooks(hooks: Sequence[HookStats]) -> Iterator[Metric]:
    outcomes = [*(each.value for each in Verdict), GIVEN_UP]
    attempts = [((each.name, outcome), each.attempts[outcome]) for each in hooks for outcome in outcomes]
    text = "Attempts to deliver to outgoing webhooks, and events given up."
    yield _counters("mixsvc_webhook_attempts", text, ("webhook", "outcome"), attempts)

    def rows(number: Callable[[HookStats], float]) -> Rows:
        return [((each.name,), number(each)) for each in hooks]

    text = "Messages that outgoing webhooks have still to look at; 0 where another node sends."
    yield _gauges("mixsvc_webhook_waiting", text, ("webhook",), rows(lambda each: each.waiting * each.is_sending))
    text = "1 if the last attempt has failed; 0 where another node sends."
    yield _gauges("mixsvc_webhook_failing", text, ("webhook",), rows(lambda each: each.is_failing and each.is_sending))


def _held(stats: HeldStats) -> Iterator[Metric]:
    labels = ("road",)
    yield _gauges("mixsvc_held_clients", "Clients that views have left to the service.", labels, _rows(stats.held))
    yield _counters("mixsvc_held_clients_opened", "Clients that were ever held.", labels, _rows(stats.opened))
    text = "Clients that were not held, by reason."
    yield _counters("mixsvc_held_clients_refused", text, ("reason",), _rows(stats.refused))
    text = "Connections closed because their clients did not read what was held for them."
    yield _counter("mixsvc_held_slow_closes", text, stats.slow)


def _sockets(stats: SocketStats) -> Iterator[Metric]:
    yield _gauge("mixsvc_view_sockets", "WebSockets that views have taken.", stats.open)
    yield _gauge("mixsvc_view_socket_threads", "Threads of views that were offered a socket.", stats.running)
    yield _counter("mixsvc_view_sockets_opened", "WebSockets that views have ever taken.", stats.opened)
    text = "Handshakes that got no socket, by reason."
    yield _counters("mixsvc_view_sockets_refused", text, ("reason",), _rows(stats.refused))
    text = "WebSockets of views closed because their clients had gone or did not read."
    yield _counter("mixsvc_view_sockets_slow_closes", text, stats.slow)


def _nodes(stats: NodeStats) -> Iterator[Metric]:
    yield _gauge("mixsvc_nodes", "Nodes of this chat that this one sees, itself included.", stats.nodes)
    yield _gauge("mixsvc_nodes_leader", "1 for the node that does what one does for all.", stats.is_leader)
    text = "Times that this node has read what others wrote, as hints were missed."
    yield _counter("mixsvc_nodes_repairs", text, stats.repairs)
    text = "Times that this node has lost the connection by which it hears the others."
    yield _counter("mixsvc_nodes_losses", text, stats.losses)
    text = "How long a hint takes from this node to all, by way of the server."
    yield _histogram("mixsvc_nodes_hint_duration_seconds", text, stats.seconds)


def _children(stats: ChildrenStats) -> Iterator[Metric]:
    labels = ("child",)

    def rows(number: Callable[[SlotStats], float]) -> Rows:
        return [((str(each.number),), number(each)) for each in stats.slots]

    text = "1 if the process gets requests."
    yield _gauges("mixsvc_child_ready", text, labels, rows(lambda slot: slot.is_ready))
    text = "Requests in the process, in a thread or waiting for one."
    yield _gauges("mixsvc_child_calls", text, labels, rows(lambda slot: slot.calls))
    text = "Requests that have ended in the process and in those before it."
    yield _counters("mixsvc_child_requests", text, labels, rows(lambda slot: slot.requests))
    text = "Bytes of memory of the process, and of those that it replaces and that still finish requests."
    yield _gauges("mixsvc_child_resident_memory_bytes", text, labels, rows(lambda slot: slot.resident))
    text = "Processes replaced, by reason."
    yield _counters("mixsvc_child_restarts", text, ("reason",), _rows(stats.restarts))


def _rows(numbers: Mapping[str, float]) -> Rows:
    return [((value,), number) for value, number in numbers.items()]


def _gauge(name: str, text: str, number: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(number))


def _gauges(name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in rows:
        family.add_metric(values, float(number))
    return family


def _counter(name: str, text: str, number: int) -> Metric:
    return CounterMetricFamily(name, text, value=number)


def _counters(name: str, text: str, labels: Sequence[str], rows: Rows) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(name, text, buckets=list(histogram.buckets()), sum_value=histogram.sum)
