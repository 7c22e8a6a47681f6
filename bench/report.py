"""The figures of a run as a table: medians, ratios to our server, and whether the targets are met."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.scenarios import Figures

__all__ = ["OURS", "TARGETS", "Results", "Target", "table"]

# Of those that take part in a scenario, the first one is compared with the others.
OURS: Final = ("txsockjs", "mixsvc-held", "two-nodes", "mixsvc-processes", "mixsvc", "mixsvc-pages")


@dataclass(frozen=True)
class Target:
    """What our figure should be: at least (or at most) `bound` times a peer's, or `bound` itself without a peer."""

    scenario: str
    figure: str
    bound: float
    peer: str | None = None
    at_most: bool = False
    ours: str = "txsockjs"

    def verdict(self, ours: float, theirs: float | None) -> str:
        """A line with the value, the bound, and whether the target is met."""
        value = ours / theirs if theirs else ours
        is_met = value <= self.bound if self.at_most else value >= self.bound
        unit = f" times that of {self.peer}" if self.peer else ""
        bound = f"{'at most' if self.at_most else 'at least'} {_share(self.bound)}"
        name = f"{self.scenario}, {self.ours}, {self.figure}"
        return f"{'pass' if is_met else 'FAIL'}  {name}: {_share(value)}{unit} (target: {bound})"


def _share(value: float) -> str:
    """A number, or what it is one part of if it is small."""
    return f"{value:.3g}" if value == 0 or value > 0.1 else f"1/{1 / value:.3g}"


TARGETS: Final = (
    Target("fanout", "messages/s", 25, "sockjs-tornado"),
    Target("fanout", "messages/s", 8, "sockjs-node"),
    Target("fanout", "messages/s", 4, "websockets"),
    Target("fanout-5000", "messages/s", 4, "websockets"),
    Target("latency", "messages/s", 1.7, "websockets"),
    Target("latency", "messages/CPU s", 1.7, "websockets"),
    Target("echo", "round trips/s", 1.1, "websockets"),
    Target("echo", "round trips/s", 1.4, "txsockjs-before"),
    Target("echo", "round trips/CPU s", 0.9, "sockjs-node"),
    Target("xhr_streaming", "messages/s", 8, "sockjs-tornado"),
    Target("eventsource", "messages/s", 8, "sockjs-tornado"),
    Target("idle", "KB/session", 8, at_most=True),
    Target("idle", "KB/session", 0.5, "sockjs-node", at_most=True),
    Target("idle", "connects/s", 2, "sockjs-node"),
    Target("wsgi", "CPU us/request", 1 / 2.8, "twist-web", at_most=True, ours="mixsvc"),
    Target("wsgi", "CPU us/request", 1 / 1.65, "waitress", at_most=True, ours="mixsvc"),
    Target("wsgi", "CPU us/request", 1 / 1.85, "gunicorn", at_most=True, ours="mixsvc"),
    Target("wsgi", "CPU us/request", 1 / 2.4, "twist-web", at_most=True, ours="mixsvc-process"),
    Target("wsgi", "ms, 99 %", 1, "waitress", at_most=True, ours="mixsvc"),
    *(
        Target("answers", f"{name} CPU us", bound, "mixsvc-pages-before", at_most=True, ours="mixsvc-pages")
        for name, bound in (("rates", 1 / 4), ("pair", 1 / 4), ("rooms", 1 / 4), ("script", 1 / 4), ("history", 1 / 5))
    ),
    Target("wsgi-two-cores", "requests/s", 1.5, "mixsvc-before", ours="mixsvc-processes"),
    Target("wsgi-two-cores", "CPU us/request", 0.6, "gunicorn-workers", at_most=True, ours="mixsvc-processes"),
    Target("isolation", "views/s", 1.5, "mixsvc-before", ours="mixsvc-processes"),
    *(
        Target(scenario, "deliveries/CPU s", factor, peer, ours="mixsvc-publishing")
        for scenario in ("publish", "publish-at-once")
        for peer, factor in (("gunicorn-generators", 10), ("aiohttp-sse", 4))
    ),
    Target("holding", "KB/stream", 6, at_most=True, ours="mixsvc-held"),
    *(
        Target("isolation", f"{question} ms, {part}", bound, peer, at_most=True, ours="mixsvc-processes")
        for question in ("say", "who")
        for part, bound, peer in (
            ("median", 2, "gunicorn-and-chat"),
            ("99 %", 2, "gunicorn-and-chat"),
            ("99 %", 1 / 20, "mixsvc-before"),
            ("99 %", 1 / 15, "flask-socketio"),
        )
    ),
)


class Results:
    """The values of all rounds, by scenario, figure and server."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, scenario: str, server: str, figures: Figures) -> None:
        """Add one round of one server."""
        for figure, value in figures.items():
            self._values[scenario, figure][server].append(value)

    def rows(self) -> Iterator[tuple[str, str, str, Sequence[float]]]:
        """Scenario, figure, server, and its value in each round."""
        for (scenario, figure), servers in self._values.items():
            for server, values in servers.items():
                yield scenario, figure, server, values

    def medians(self, scenario: str, figure: str) -> Mapping[str, float]:
        """The median of each server that was measured."""
        return {server: median(values) for server, values in self._values.get((scenario, figure), {}).items()}


def table(results: Results, targets: Sequence[Target] = TARGETS) -> str:
    """The text of the report: a line for each figure of each server, then the targets that can be checked."""
    lines = [f"{'scenario':18} {'figure':14} {'server':17} {'median':>12} {'lowest':>12} {'highest':>12}  ours is"]
    for scenario, figure, server, values in results.rows():
        medians = results.medians(scenario, figure)
        amounts = " ".join(f"{_amount(value):>12}" for value in (median(values), min(values), max(values)))
        ratio = _ratio(server, medians)
        lines.append(f"{scenario:18} {figure:14} {server:17} {amounts}{ratio}")
    return "\n".join([*lines, *_verdicts(results, targets)])


def _ratio(server: str, medians: Mapping[str, float]) -> str:
    ours = next((name for name in OURS if name in medians), server)
    return "" if ours == server or not medians[server] else f"  {medians[ours] / medians[server]:.2f} x"


def _verdicts(results: Results, targets: Sequence[Target]) -> Iterator[str]:
    for target in targets:
        medians = results.medians(target.scenario, target.figure)
        if target.ours in medians and (target.peer is None or target.peer in medians):
            yield target.verdict(medians[target.ours], medians[target.peer] if target.peer else None)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
