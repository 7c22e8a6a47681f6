"""What a start with the settings as they are loads. It decides how long a start takes and how much memory it needs.

Whoever needs a module more for a service that has nothing set finds the limits here. What only some services need is
imported where they begin to use it: at the start if a setting asks for it, else in a thread.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.builds import PROJECT

# Starts a service as twistd does, up to the moment at which the reactor would run.
START: Final = """
import json, os, sys
from twisted.plugins.mixsvc_plugin import mixsvc as maker
options = maker.options()
options.parseOptions(["--port", "0"])
service = maker.makeService(options)
service.privilegedStartService()
service.startService()
ours = [sys.modules[name] for name in sorted(sys.modules) if name.startswith("mixsvc.")]
classes = {each for module in ours for each in vars(module).values() if isinstance(each, type)}
frozen = [each.__name__ for each in classes if getattr(vars(each).get("__dataclass_params__"), "frozen", False)]
print(json.dumps({"modules": sorted(sys.modules), "frozen": sorted(frozen)}), flush=True)
# The threads of the service would go on.
os._exit(0)
"""

# Of mixsvc. Less is better: each takes half a millisecond and 30 KB.
MOST_MODULES: Final = 385

# Ours that only some services need, or all of them only at times.
SOMETIMES: Final = (
    "mixsvc.charts.drawing",
    "mixsvc.client",
    "mixsvc.commands",
    "mixsvc.embedded",
    "mixsvc.irc.handlers",
    "mixsvc.irc.service",
    "mixsvc.nodes.node",
    "mixsvc.operations.agreement",
    "mixsvc.operations.metrics",
    "mixsvc.pages.webhooks.slack",
    "mixsvc.questions",
    "mixsvc.rates.pauses",
    "mixsvc.rates.sources.agent",
    "mixsvc.rates.sources.ecb_xml",
    "mixsvc.rates.sources.json_feed",
    "mixsvc.storage.moving",
    "mixsvc.storage.restoring",
    "mixsvc.webhooks.delivery",
    "mixsvc.webhooks.line",
    "mixsvc.wsgi.children",
    "mixsvc.wsgi.supervision",
)

# The same of others.
OF_OTHERS: Final = (
    "ampoule",
    "crochet",
    "currency_converter",
    "defusedxml",
    "gevent",
    "gzip",
    "multipart",
    "prometheus_client",
    "psycopg",
    "resvg_py",
    "treq",
    "twisted.conch",
    "twisted.web.client",
    "twisted.words.protocols",
    "wrapt",
)

# Frozen dataclasses that are not records, as each keeps what it has computed, or is compared by identity.
NOT_RECORDS: Final = frozenset({"CodedOnce", "FileForm", "HeaderFields", "MemoryFile", "_LatestSnapshot"})


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[str]]:
    """The names of the modules that a start has loaded, and of the frozen dataclasses of ours that it has made."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(PROJECT)!r}){START}"]
    folder: Path = tmp_path_factory.mktemp("start")
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr
    answer: Mapping[str, Sequence[str]] = json.loads(found.stdout.splitlines()[-1])
    return answer


def test_a_start_loads_no_more_modules_than_it_did(started: Mapping[str, Sequence[str]]) -> None:
    ours = [name for name in started["modules"] if name.partition(".")[0] == "mixsvc"]

    assert len(ours) <= MOST_MODULES, "what of these is not needed before somebody asks for it? " + " ".join(ours)


@pytest.mark.parametrize("name", [*SOMETIMES, *OF_OTHERS])
def test_a_start_does_not_load_what_only_some_need(started: Mapping[str, Sequence[str]], name: str) -> None:
    assert [each for each in started["modules"] if f"{each}.".startswith(f"{name}.")] == []


@pytest.mark.parametrize("name", SOMETIMES)
def test_what_is_not_loaded_exists(name: str) -> None:
    place = PROJECT.joinpath(*name.split("."))

    assert place.is_dir() or place.with_suffix(".py").is_file()


def test_frozen_values_are_records_which_compile_nothing_at_the_start(started: Mapping[str, Sequence[str]]) -> None:
    assert set(started["frozen"]) <= NOT_RECORDS
