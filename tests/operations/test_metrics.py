"""The metrics of parts with known numbers."""

import re
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.stats import CODES, ChatStats
from mixsvc.common.histogram import SIZES, Histogram
from mixsvc.holds.holder import HeldStats
from mixsvc.interfaces import SourceHealth
from mixsvc.irc.clients.numbers import IrcNumbers
from mixsvc.nodes.node import NodeStats
from mixsvc.operations.metrics import MetricsExposition, MetricSources
from mixsvc.operations.reactor_lag import INTERVAL, ReactorLag
from mixsvc.operations.traffic import Traffic
from mixsvc.rates.polling.source_health import untried
from mixsvc.sockets.hub import SocketStats
from mixsvc.storage.sqlite_version import has_wal_reset_fault
from mixsvc.topics.stats import TopicStats
from mixsvc.webhooks.stats import HookStats
from mixsvc.wsgi.supervision.stats import ChildrenStats, SlotStats
from tests.builds import PROJECT
from txsockjs import Numbers

PLAIN: Final = "text/plain; version=0.0.4; charset=utf-8"
OPEN: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Views:
    """Ten threads, all busy."""

    size = 10

    def load(self) -> tuple[int, int]:
        return 10, 7


def histogram(*values: float) -> Histogram:
    made = Histogram(SIZES)
    for value in values:
        made.observe(value)
    return made


IRC = 2, IrcNumbers(3, 1, Counter({"address": 4}))
NODE = NodeStats(3, True, 4, 5, histogram(0.002))


class MetricsTests(SynchronousTestCase):
    """A service with one of everything."""

    def setUp(self) -> None:
        clock = Clock()
        lag = ReactorLag(clock)
        lag.start()
        clock.advance(INTERVAL + 2)
        traffic = Traffic("/chat")
        traffic.answers["GET", "2xx", "pages"] = 5
        traffic.seconds["pages"].observe(0.02)
        views: Any = Views()
        minute_ago = datetime.now(UTC) - timedelta(minutes=1)
        self.sources = [
            SourceHealth("ecb", "failing", minute_ago, 3, "no luck", None),
            SourceHealth("archive", "untried", None, 0, "", None),
        ]
        slots = [SlotStats(1, True, 4, 500, 40_000_000), SlotStats(2, False, 0, 6, 0)]
        self.children = ChildrenStats(slots, {"died": 2, "new_code": 0})
        self.parts = MetricSources(
            traffic=traffic,
            connections=lambda: 3,
            refused=lambda: {"413": 2, "unread": 1},
            sessions=lambda: Numbers({"xhr": 4, "websocket": 6}, 100, {"address": 8}, 9),
            chat=lambda: ChatStats(11, 2, 12, Counter(slow_down=13), histogram(5, 5), histogram(0.5)),
            topics=lambda: TopicStats(21, 22, 23, histogram(5, 6), histogram(0.25)),
            webhooks=lambda: [HookStats("crm", Counter(sent=24, given_up=1), 25, True, True)],
            sources=lambda: self.sources,
            source_ages=lambda: {"ecb": 60.0},
            views=views,
            unread=lambda: 14,
            lag=lag,
            timers=lambda: 3,
            held=lambda: HeldStats({"stream": 5, "poll": 0}, {"stream": 6, "poll": 7}, {"address": 8}, 9),
            sockets=lambda: SocketStats(31, 32, {"threads": 33}, 34, 35),
            children=lambda: self.children,
        )
        self.exposition = MetricsExposition(self.parts)

    def written(self, accept: str) -> tuple[bytes, str]:
        written = self.exposition.write(accept, True)
        assert written is not None
        return written

    def found(self) -> dict[tuple[str, tuple[str, ...]], float]:
        """Every number by its name and the values of its labels, sorted by the labels' names."""
        text, _ = self.written("")
        families = text_string_to_metric_families(text.decode())
        return {
            (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    def test_every_part_is_there(self) -> None:
        found = self.found()

        expected: dict[tuple[str, tuple[str, ...]], float] = {
            ("mixsvc_sqlite_info", (sqlite3.sqlite_version, str(has_wal_reset_fault()).lower())): 1,
            ("mixsvc_ready", ()): 1,
            ("mixsvc_http_requests_total", ("GET", "pages", "2xx")): 5,
            ("mixsvc_http_request_duration_seconds_count", ("pages",)): 1,
            ("mixsvc_http_request_duration_seconds_bucket", ("0.025", "pages")): 1,
            ("mixsvc_http_request_duration_seconds_bucket", ("0.01", "pages")): 0,
            ("mixsvc_http_connections", ()): 3,
            ("mixsvc_http_refused_total", ("413",)): 2,
            ("mixsvc_view_threads", ()): 10,
            ("mixsvc_views_running", ()): 10,
            ("mixsvc_views_waiting", ()): 7,
            ("mixsvc_held_clients", ("stream",)): 5,
            ("mixsvc_held_clients_opened_total", ("poll",)): 7,
            ("mixsvc_held_clients_refused_total", ("address",)): 8,
            ("mixsvc_held_slow_closes_total", ()): 9,
            ("mixsvc_view_sockets", ()): 31,
            ("mixsvc_view_socket_threads", ()): 35,
            ("mixsvc_view_sockets_opened_total", ()): 32,
            ("mixsvc_view_sockets_refused_total", ("threads",)): 33,
            ("mixsvc_view_sockets_slow_closes_total", ()): 34,
            ("mixsvc_child_ready", ("1",)): 1,
            ("mixsvc_child_ready", ("2",)): 0,
            ("mixsvc_child_calls", ("1",)): 4,
            ("mixsvc_child_requests_total", ("1",)): 500,
            ("mixsvc_child_requests_total", ("2",)): 6,
            ("mixsvc_child_resident_memory_bytes", ("1",)): 40_000_000,
            ("mixsvc_child_restarts_total", ("died",)): 2,
            ("mixsvc_child_restarts_total", ("new_code",)): 0,
            ("mixsvc_responses_unread_bytes", ()): 14,
            ("mixsvc_sockjs_sessions", ("xhr",)): 4,
            ("mixsvc_sockjs_sessions", ("websocket",)): 6,
            ("mixsvc_sockjs_sessions_opened_total", ()): 100,
            ("mixsvc_sockjs_sessions_refused_total", ("address",)): 8,
            ("mixsvc_sockjs_outbox_closes_total", ()): 9,
            ("mixsvc_chat_members", ()): 11,
            ("mixsvc_chat_rooms", ()): 2,
            ("mixsvc_chat_messages_total", ()): 12,
            ("mixsvc_chat_refusals_total", ("slow_down",)): 13,
            ("mixsvc_topics_events_total", ()): 21,
            ("mixsvc_topics_events_refused_total", ()): 22,
            ("mixsvc_topics_followed", ()): 23,
            ("mixsvc_topics_commit_events_sum", ()): 11,
            ("mixsvc_topics_commit_duration_seconds_count", ()): 1,
            ("mixsvc_webhook_attempts_total", ("sent", "crm")): 24,
            ("mixsvc_webhook_attempts_total", ("failed", "crm")): 0,
            ("mixsvc_webhook_waiting", ("crm",)): 25,
            ("mixsvc_webhook_failing", ("crm",)): 1,
            ("mixsvc_chat_commit_messages_sum", ()): 10,
            ("mixsvc_chat_commit_messages_count", ()): 2,
            ("mixsvc_chat_commit_duration_seconds_sum", ()): 0.5,
            ("mixsvc_rates_source_failures", ("ecb",)): 3,
            ("mixsvc_rates_source_state", ("ecb", "failing")): 1,
            ("mixsvc_rates_source_state", ("ecb", "good")): 0,
            ("mixsvc_reactor_lag_seconds_sum", ()): 2,
        }
        assert {name: found.get(name) for name in expected} == expected

    def test_the_age_of_a_source_is_known_once_it_has_answered(self) -> None:
        found = self.found()

        assert found["mixsvc_rates_source_age_seconds", ("ecb",)] == 60
        assert ("mixsvc_rates_source_age_seconds", ("archive",)) not in found

    def test_a_webhook_that_another_node_sends_neither_waits_nor_fails_here(self) -> None:
        hooks = [HookStats("crm", waiting=25, is_failing=True, is_sending=False)]
        self.exposition = MetricsExposition(replace(self.parts, webhooks=lambda: hooks))

        found = self.found()

        names = ("mixsvc_webhook_waiting", "mixsvc_webhook_failing")
        assert [found[name, ("crm",)] for name in names] == [0, 0]

    def test_the_process_is_there(self) -> None:
        found = self.found()

        assert found["process_resident_memory_bytes", ()] > 1_000_000
        assert found["process_open_fds", ()] > 2
        assert ("process_cpu_seconds_total", ()) in found

    def test_a_server_in_place_of_sqlite_is_up_or_not(self) -> None:
        for is_up in (True, False):
            self.exposition = MetricsExposition(replace(self.parts, server=partial(bool, is_up)))
            found = self.found()

            assert found["mixsvc_postgresql_up", ()] == is_up
            assert not any(name == "mixsvc_sqlite_info" for name, _ in found)

    def test_the_irc_door_says_how_many_come_through_it(self) -> None:
        self.exposition = MetricsExposition(replace(self.parts, irc=lambda: IRC))

        found = self.found()

        self.assertEqual(2, found["mixsvc_irc_connections", ()])
        self.assertEqual(4, found["mixsvc_irc_connections_refused_total", ("address",)])
        self.assertEqual(0, found["mixsvc_irc_connections_refused_total", ("stopping",)])

    def test_a_node_says_what_it_sees_of_the_others(self) -> None:
        self.exposition = MetricsExposition(replace(self.parts, node=lambda: NODE))

        found = self.found()

        assert found["mixsvc_nodes", ()] == 3
        assert found["mixsvc_nodes_leader", ()] == 1
        assert found["mixsvc_nodes_repairs_total", ()] == 4
        assert found["mixsvc_nodes_losses_total", ()] == 5
        assert found["mixsvc_nodes_hint_duration_seconds_count", ()] == 1

    def test_the_documentation_names_each_of_them_and_no_other(self) -> None:
        text, _ = self.written("")
        self.exposition = MetricsExposition(
            replace(self.parts, server=lambda: True, node=lambda: NODE, irc=lambda: IRC)
        )
        text += self.written("")[0]
        written = {line.split(" ")[2] for line in text.decode().splitlines() if line.startswith("# TYPE mixsvc_")}
        page = (PROJECT / "docs" / "how-to" / "operations.md").read_text()
        table = page.partition("\n| metric |")[2].partition("\n\n")[0]

        named = {name for line in table.splitlines() for name in re.findall(r"`(mixsvc_\w+)`", line.split(" | ")[0])}

        assert named == written

    def test_every_alert_is_on_numbers_that_are_there_before_any_source_has_answered(self) -> None:
        self.sources[:] = [untried("ecb"), untried("archive")]
        there = {name for name, _ in self.found()}
        rules = (PROJECT / "deploy" / "alerts.yml").read_text().partition("\ngroups:\n")[2]

        asked = set(re.findall(r"\b(?:mixsvc|process)_\w+", rules))

        assert "mixsvc_rates_source_state" in asked
        assert asked - there == set()

    def test_a_scraper_may_ask_for_open_metrics(self) -> None:
        text, content_type = self.written("application/openmetrics-text; version=1.0.0")

        assert content_type == OPEN
        assert text.endswith(b"# EOF\n")

    def test_the_weights_of_accept_decide(self) -> None:
        for accept, chosen in (
            ("", PLAIN),
            ("*/*", PLAIN),
            ("text/html,application/xhtml+xml,*/*;q=0.8", PLAIN),
            ("application/json", PLAIN),
            ("text/plain;q=0.9, application/openmetrics-text;q=0.1", PLAIN),
            ("application/openmetrics-text;q=0.1, text/plain;q=0.9", PLAIN),
            ("application/openmetrics-text;q=0, */*", PLAIN),
            ("application/openmetrics-text;q=0", PLAIN),
            ("text/plain;q=0, */*", OPEN),
            ("text/plain;q=0", OPEN),
            ("text/*;q=0.2, application/*;q=0.3", OPEN),
            # Versions that are not written here.
            ("application/openmetrics-text;version=2.0.0, text/plain;version=0.0.4;q=0.1", PLAIN),
            ("application/openmetrics-text;version=0.0.1, text/plain;q=0.1", PLAIN),
            ("text/plain;version=1.0.0, application/openmetrics-text;version=1.0.0;q=0.1", OPEN),
            # Prometheus 2.42 and 3.5.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OPEN,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN,
            ),
        ):
            text, content_type = self.written(accept)

            assert content_type == chosen, accept
            assert text.endswith(b"# EOF\n") == (chosen == OPEN), accept

    def test_a_client_that_refuses_each_format_gets_none(self) -> None:
        for accept in ("*/*;q=0", "text/*;q=0, application/openmetrics-text;q=0.000"):
            assert self.exposition.write(accept, True) is None, accept

    def test_rows_with_known_labels_are_there_before_anything_has_happened(self) -> None:
        found = self.found()

        for name, labels in (
            ("mixsvc_chat_refusals_total", ("not_saved",)),
            ("mixsvc_http_refused_total", ("503",)),
            ("mixsvc_http_refused_total", ("evicted",)),
            ("mixsvc_sockjs_sessions_refused_total", ("stopping",)),
            ("mixsvc_http_requests_total", ("POST", "chat", "5xx")),
            ("mixsvc_http_request_duration_seconds_count", ("chat",)),
        ):
            assert found.get((name, labels)) == 0, name

    def test_the_codes_of_refusals_are_those_of_the_protocol(self) -> None:
        page = (PROJECT / "docs" / "reference" / "chat-protocol.md").read_text()
        table = page.partition("| code | meaning |")[2].partition("\n\n")[0]

        named = {code for line in table.splitlines() for code in re.findall(r"`(\w+)`", line.split(" | ")[0])}

        assert named == set(CODES)
