"""The figures of a run as a table: medians, ratios to our server, and whether the targets are met."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.scenarios import Figures

__all__ = ["OURS", "TARGETS", "Results", "Target", "table"]

# Each scenario has one of them.
OURS: Final = ("txsockjs", "mixsvc")


@dataclass(frozen=True)
class Target:
    """What our figure should be: at least (or at most) `bound` times a peer's, or `bound` itself without a peer."""

    scenario: str
    figure: str
    bound: float
    peer: str | None = None
    at_most: bool = False

    def verdict(self, ours: float, theirs: float | None) -> str:
        """A line with the value, the bound, and whether the target is met."""
        value = ours / theirs if theirs else ours
        is_met = value <= self.bound if self.at_most else value >= self.bound
        unit = f"x {self.peer}" if self.peer else ""
        sign = "<=" if self.at_most else ">="
        name = f"{self.scenario}, {self.figure}"
        return f"{'pass' if is_met else 'FAIL'}  {name:28} {value:9.2f} {sign} {self.bound:g} {unit}".rstrip()


TARGETS: Final = (
    Target("fanout", "messages/s", 25, "sockjs-tornado"),
    Target("fanout", "messages/s", 8, "sockjs-node"),
    Target("fanout", "messages/s", 4, "websockets"),
    Target("fanout-5000", "messages/s", 4, "websockets"),
    Target("latency", "messages/s", 1.2, "websockets"),
    Target("echo", "round trips/s", 1.1, "websockets"),
    Target("xhr_streaming", "messages/s", 8, "sockjs-tornado"),
    Target("eventsource", "messages/s", 8, "sockjs-tornado"),
    Target("idle", "KB/session", 8, at_most=True),
    Target("idle", "KB/session", 0.5, "sockjs-node", at_most=True),
    Target("idle", "connects/s", 2, "sockjs-node"),
    Target("wsgi", "requests/s", 1.8, "twist-web"),
    Target("wsgi", "ms, 99 %", 0.75, "twist-web", at_most=True),
    Target("wsgi", "requests/s", 1, "waitress"),
    Target("wsgi", "requests/s", 1, "gunicorn"),
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


def table(results: Results) -> str:
    """The text of the report: a line for each figure of each server, then the targets that can be checked."""
    lines = [f"{'scenario':14} {'figure':14} {'server':15} {'median':>12} {'lowest':>12} {'highest':>12}  ours is"]
    for scenario, figure, server, values in results.rows():
        ours = _ours(results.medians(scenario, figure))
        amounts = " ".join(f"{_amount(value):>12}" for value in (median(values), min(values), max(values)))
        ratio = "" if server in OURS or not ours or not median(values) else f"  {ours / median(values):.2f} x"
        lines.append(f"{scenario:14} {figure:14} {server:15} {amounts}{ratio}")
    return "\n".join([*lines, *_verdicts(results)])


def _verdicts(results: Results) -> Iterator[str]:
    for target in TARGETS:
        medians = results.medians(target.scenario, target.figure)
        ours = _ours(medians)
        if ours is not None and (target.peer is None or target.peer in medians):
            yield target.verdict(ours, medians[target.peer] if target.peer else None)


def _ours(medians: Mapping[str, float]) -> float | None:
    return next((medians[name] for name in OURS if name in medians), None)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
