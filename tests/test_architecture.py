"""The sources keep to the design, and the checks that say so can fail."""

import subprocess
import sys
from textwrap import dedent

import pytest

from tests.architecture import OURS_WITH_REACTOR, Source, problems, read_sources
from tests.builds import PROJECT

SOURCES = read_sources(PROJECT)


def found(name: str, text: str) -> list[str]:
    return problems([Source(name, dedent(text))])


def test_the_sources_keep_to_the_design() -> None:
    assert problems(SOURCES) == []


def test_the_sources_are_all_of_both_packages_and_the_plugins() -> None:
    names = {source.name for source in SOURCES}

    assert {"mixsvc", "mixsvc.config.settings", "mixsvc.storage.schema", "twisted.plugins.mixsvc_plugin"} <= names


def test_importing_every_module_installs_no_reactor() -> None:
    names = sorted({source.name for source in SOURCES} - {"twisted", "twisted.plugins", OURS_WITH_REACTOR})
    script = f"import sys; from importlib import import_module\nfor name in {names}: import_module(name)\n"
    told = "print([name for name in sys.modules if name == 'twisted.internet.reactor'])"

    done = subprocess.run([sys.executable, "-c", script + told], cwd=PROJECT, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("mixsvc.pages.index", "from mixsvc.chat.model.rooms import Rooms"),
        ("mixsvc.pages.index", "from mixsvc import chat"),
        ("mixsvc.rates.polling.poller", "import mixsvc.pages.app"),
        ("mixsvc.rates.polling.poller", "import txsockjs.factory"),
        ("mixsvc.storage.database", "from mixsvc.rates.model.quote import Quote"),
        ("mixsvc.config.settings", "from mixsvc.storage.database import open_database"),
        ("mixsvc.chat.dispatch", "from mixsvc.service import MixService"),
        ("mixsvc.service", "from mixsvc.tap import Options"),
        ("mixsvc.tap", "from mixsvc.embedded import app"),
        ("mixsvc.pages.index", "from mixsvc import mix"),
        ("txsockjs.factory", "from mixsvc.config.settings import Settings"),
        ("txsockjs.factory", "from mixsvc import __version__, settings"),
    ],
)
def test_an_import_against_the_arrows_is_found(importer: str, line: str) -> None:
    (problem,) = found(importer, f"def f() -> None:\n    {line}\n__all__ = ['f']\n")

    assert problem.startswith(f"{importer}: line 2: ")
    assert "must not import" in problem


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("mixsvc.service", "from txsockjs.factory import SockJSResource"),
        ("mixsvc.chat.dispatch", "from mixsvc.chat.model.rooms import Rooms"),
        ("mixsvc.service", "from mixsvc.http.site import root"),
        ("mixsvc.service", "from mixsvc.http.listening import open_port"),
        ("mixsvc.pages.index", "from mixsvc import __version__, interfaces"),
        ("mixsvc.config.settings", "from mixsvc.config import parsers"),
        ("txsockjs.factory", "from txsockjs._session.session.session import Limits"),
        ("twisted.plugins.txsockjs_plugin", "from txsockjs.endpoint import Parser"),
    ],
)
def test_an_import_along_the_arrows_is_fine(importer: str, line: str) -> None:
    assert found(importer, line) == []


def test_a_relative_import_is_found() -> None:
    assert found("mixsvc.config.settings", "from . import chat") == [
        "mixsvc.config.settings: line 1: write the whole name of what is imported"
    ]


def test_a_module_outside_all_layers_is_found() -> None:
    assert found("mixsvc.helpers", "") == ["mixsvc.helpers: stands in no layer; give it a place in RANKS"]


def test_twisted_in_a_flask_module_is_found() -> None:
    assert found("mixsvc.pages.index", "from twisted.web import http") == [
        "mixsvc.pages.index: line 1: must not import Twisted (twisted.web.http)"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "from twisted.internet import reactor",
        "import twisted.internet.reactor",
        "from twisted.internet.reactor import callLater",
        "from twisted.web import tap",
        "import ampoule",
        "from mixsvc.charts import worker",
        "if True:\n    from twisted.internet import defer, reactor",
    ],
)
def test_a_reactor_installed_on_import_is_found_even_at_an_edge(line: str) -> None:
    (problem,) = found("mixsvc.tap", line)

    assert "installs a reactor" in problem


def test_the_global_reactor_below_the_edges_is_found() -> None:
    (problem,) = found("mixsvc.service", "def _f() -> None:\n    from twisted.internet import reactor\n")

    assert "take the reactor as an argument" in problem


def test_the_global_reactor_inside_a_function_of_an_edge_is_fine() -> None:
    assert found("mixsvc.tap", "def _f() -> None:\n    from twisted.internet import reactor\n") == []


def test_a_module_of_451_lines_is_found() -> None:
    assert found("mixsvc.pages", "\n" * 450) == []
    assert found("mixsvc.pages", "\n" * 451) == ["mixsvc.pages: has 451 lines, at most 450 will do"]


def function(lines: int, signature: str = "def _f() -> None:") -> str:
    return "\n".join([signature, '    """Words."""', "", "    # Why.", *["    pass"] * lines])


def test_a_function_of_25_lines_is_found_where_docstring_comments_and_blank_lines_do_not_count() -> None:
    assert found("mixsvc.pages", function(24)) == []
    assert found("mixsvc.pages", function(25)) == ["mixsvc.pages: line 1: _f has 25 lines, at most 24 will do"]


def test_a_function_of_six_parameters_is_found_where_self_does_not_count() -> None:
    assert found("mixsvc.pages", function(1, "def _f(self, a, b, c, d, *e) -> None:")) == []
    assert found("mixsvc.pages", function(1, "async def _f(a, b, c, /, d, *, e, **f) -> None:")) == [
        "mixsvc.pages: line 1: _f has 6 parameters, at most 5 will do"
    ]


@pytest.mark.parametrize(
    "line", ["a = 1", "b: int = 1", "class C: pass", "def f() -> None: pass", "__all__ = [f]\na = 1"]
)
def test_a_module_with_public_names_and_no_list_of_them_is_found(line: str) -> None:
    assert found("mixsvc.pages", line) == ["mixsvc.pages: has no __all__ of plain strings"]


def test_a_name_in_the_list_that_is_not_there_is_found() -> None:
    assert found("mixsvc.pages", "__all__ = ['a', 'b', 'a']\na = 1\n") == [
        "mixsvc.pages: __all__ names a twice",
        "mixsvc.pages: __all__ names b, which is not there",
    ]


def test_a_name_that_is_imported_or_made_on_first_use_may_be_in_the_list() -> None:
    assert found("mixsvc.pages", "from json import loads\n__all__ = ['loads']\n") == []
    assert found("mixsvc.pages", "__all__ = ['app']\ndef __getattr__(name: str) -> object: ...\n") == []


def test_a_module_without_public_names_needs_no_list() -> None:
    assert found("mixsvc.pages", "import json\n_a = 1\n__version__ = '1'\n") == []
