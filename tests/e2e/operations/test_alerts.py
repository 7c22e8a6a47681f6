"""The alerts of deploy/alerts.yml in Prometheus's own promtool, on the numbers of a running service."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builds import PROJECT
from tests.e2e.support.operators import OPERATORS, admin_url
from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.urls import get_text

RULES: Final = PROJECT / "deploy" / "alerts.yml"

# What Prometheus adds to every series that it scrapes.
TARGET: Final = {"job": "mixsvc", "instance": "127.0.0.1:9090"}
UP: Final = ("up", frozenset[tuple[str, str]]())

# A name and labels.
Series = tuple[str, frozenset[tuple[str, str]]]


def series(name: str, **labels: str) -> Series:
    return name, frozenset(labels.items())


@dataclass(frozen=True)
class Trouble:
    """What must raise an alert. courses: of numbers over the minutes, for series that a scrape has (promtool's words).

    minutes: when the alert must be there; before `early` it must not. labels: of the alert besides those of the target.
    target: its labels that the alert has.
    """

    alert: str
    courses: Mapping[Series, str]
    minutes: int
    early: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, str] = field(default_factory=lambda: TARGET)


TROUBLES: Final = (
    Trouble("NotReady", {series("mixsvc_ready"): "1 0x30"}, minutes=3, early=1),
    Trouble("NotReady", {UP: "1 0x30"}, minutes=3, early=1),
    Trouble(
        "ReactorBusy",
        {
            # A half of the calls takes from half a second to one.
            **{
                series("mixsvc_reactor_lag_seconds_bucket", le=le): "0+100x30"
                for le in ("1.0", "2.5", "5.0", "10.0", "+Inf")
            },
            **{series("mixsvc_reactor_lag_seconds_bucket", le=le): "0+50x30" for le in ("0.1", "0.25", "0.5")},
        },
        minutes=10,
        early=3,
    ),
    Trouble("ViewsQueue", {series("mixsvc_views_waiting"): "0 1000x30"}, minutes=4, early=1),
    Trouble("ChildrenFail", {series("mixsvc_child_restarts_total", reason="died"): "0 3 6 9x30"}, minutes=5, early=1),
    Trouble(
        "NotStored",
        {series("mixsvc_chat_refusals_total", code="not_saved"): "0 0 1 1 1 1 1"},
        minutes=3,
        early=1,
        labels={"code": "not_saved"},
    ),
    Trouble(
        "RatesOld",
        {series("mixsvc_rates_source_state", source="ecb", state="good"): "0x100"},
        minutes=70,
        early=50,
        target={"job": TARGET["job"]},
    ),
    Trouble("FilesRunOut", {series("process_open_fds"): "1000000000x10"}, minutes=1),
)


@pytest.fixture(scope="module")
def config(ecb: Any) -> dict[str, dict[str, str]]:
    """With a bank that answers, a port for operators, and a process of its own for views."""
    rates = {"ecb_url": ecb.url, "ecb_90_days_url": "", "ecb_history_url": ""}
    return {"rates": rates, "server": dict(OPERATORS), "web": {"processes": "1"}}


@pytest.fixture(scope="module")
def scraped(service: Service) -> Mapping[Series, float]:
    """Every number of a service that runs and has had no trouble."""
    service.wait_for("rates: [0-9]+ new quotes of ")
    service.wait_for("child 1 is ready")
    families = text_string_to_metric_families(get_text(f"{admin_url(service)}/metrics"))
    found = {
        (sample.name, frozenset(sample.labels.items())): float(sample.value)
        for family in families
        for sample in family.samples
    }
    return {**found, UP: 1.0}


def promtool(folder: Path, scraped: Mapping[Series, float], courses: Mapping[Series, str], tests: Sequence[Any]) -> str:
    """What promtool says against the tests of alerts; "" if they hold. Labels of `courses` may name another target."""
    values = {name: f"{number!r}x100" for name, number in scraped.items()} | dict(courses)
    inputs = [
        {"series": _text(name, {**TARGET, **dict(labels)}), "values": text} for (name, labels), text in values.items()
    ]
    given = {"interval": "1m", "input_series": inputs, "alert_rule_test": tests}
    document = folder / "test.yml"
    # YAML contains JSON.
    document.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [given]}))
    program = shutil.which("promtool")
    assert program, "promtool is missing; make test-system installs it"
    done = subprocess.run([program, "test", "rules", document], capture_output=True, text=True, timeout=DEADLINE)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _text(name: str, labels: Mapping[str, str]) -> str:
    return f"{name}{{{','.join(f'{label}={json.dumps(value)}' for label, value in sorted(labels.items()))}}}"


def expected(alert: str, minutes: int, *labels: Mapping[str, str]) -> Any:
    """A test of promtool: the alerts of this name at this minute are those with these labels."""
    return {
        "eval_time": f"{minutes}m",
        "alertname": alert,
        "exp_alerts": [{"exp_labels": dict(each)} for each in labels],
    }


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.alert)
def test_each_alert_is_raised_by_its_trouble_and_not_earlier(
    trouble: Trouble, scraped: Mapping[Series, float], tmp_path: Path
) -> None:
    assert set(trouble.courses) - set(scraped) == set(), "the service has no such numbers"
    tests = [
        expected(trouble.alert, trouble.early),
        expected(trouble.alert, trouble.minutes, {**trouble.target, **trouble.labels}),
    ]

    assert promtool(tmp_path, scraped, trouble.courses, tests if trouble.early else tests[1:]) == ""


def test_a_sound_service_raises_none(scraped: Mapping[Series, float], tmp_path: Path) -> None:
    tests = [expected(trouble.alert, 90) for trouble in TROUBLES]

    assert promtool(tmp_path, scraped, {}, tests) == ""


def test_a_node_that_does_not_ask_the_sources_raises_none_as_long_as_another_one_gets_rates(
    scraped: Mapping[Series, float], tmp_path: Path
) -> None:
    name = "mixsvc_rates_source_state"
    states = {dict(labels)["state"] for each, labels in scraped if each == name}
    assert {"untried", "good"} <= states
    follower = {
        series(name, source="ecb", state=state, instance="127.0.0.1:9091"): f"{int(state == 'untried')}x100"
        for state in states
    }

    assert promtool(tmp_path, scraped, follower, [expected("RatesOld", 90)]) == ""


def test_every_alert_of_the_file_is_tried_here() -> None:
    lines = RULES.read_text().splitlines()

    named = {line.partition("- alert: ")[2] for line in lines if "- alert: " in line}

    assert named == {trouble.alert for trouble in TROUBLES}


def test_every_number_that_an_alert_asks_for_is_there_from_the_start(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    # No source has answered or will, and nobody has come.
    fresh = start(launch.having(rates={"ecb_url": "http://127.0.0.1:9/"}))

    found = get_text(f"{admin_url(fresh)}/metrics")

    for each in {name for trouble in TROUBLES for name in trouble.courses} - {UP}:
        name, labels = each
        assert any(
            line.startswith(name) and all(f'{label}="{value}"' in line for label, value in labels)
            for line in found.splitlines()
        ), each
