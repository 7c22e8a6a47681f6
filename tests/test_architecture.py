"""The sources follow the design, and each rule finds a tree that breaks it."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.architecture import OURS_WITH_REACTOR, Source, problems, read_sources
from tests.builds import PROJECT

SOURCES = read_sources(PROJECT)


def found(name: str, text: str) -> list[str]:
    return problems([Source(name, dedent(text))])


def tree(**modules: str) -> list[Source]:
    """Modules by name, with __ for a dot: what each imports."""
    return [Source(name.replace("__", "."), dedent(text)) for name, text in modules.items()]


def test_the_sources_keep_to_the_design() -> None:
    assert problems(SOURCES) == []


def test_the_sources_are_all_of_the_packages_and_the_plugins() -> None:
    names = {source.name for source in SOURCES}

    assert {"mixsvc", "mixsvc.config.settings", "mixsvc.storage.schema", "twisted.plugins.mixsvc_plugin"} <= names


def test_a_tree_on_disk_is_read_with_its_packages(tmp_path: Path) -> None:
    (tmp_path / "mixsvc" / "chat").mkdir(parents=True)
    (tmp_path / "mixsvc" / "chat" / "__init__.py").write_text("from mixsvc.pages import app\n")

    assert problems(read_sources(tmp_path)) == ["mixsvc.chat: line 1: mixsvc.chat must not import mixsvc.pages.app"]


def test_importing_every_module_installs_no_reactor() -> None:
    names = sorted({source.name for source in SOURCES} - {"twisted", "twisted.plugins", OURS_WITH_REACTOR})
    script = f"import sys; from importlib import import_module\nfor name in {names}: import_module(name)\n"
    told = "print([name for name in sys.modules if name == 'twisted.internet.reactor'])"

    done = subprocess.run([sys.executable, "-c", script + told], cwd=PROJECT, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_tests_mirror_the_tree() -> None:
    own = {"architecture", "e2e", "soak"}
    folders = {file.parent.relative_to(PROJECT / "tests") for file in (PROJECT / "tests").rglob("test_*.py")}
    mirrored = [folder for folder in folders if folder.parts and folder.parts[0] not in own]

    strays = [
        str(folder)
        for folder in mirrored
        if not ((PROJECT / "mixsvc" / folder).is_dir() or (PROJECT / folder).is_dir())
    ]

    assert len(mirrored) > 20
    assert strays == []


# Layers


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("mixsvc.pages.index", "from mixsvc.chat.model.rooms import Rooms"),
        ("mixsvc.pages.index", "from mixsvc import chat"),
        ("mixsvc.pages.index", "from mixsvc.wsgi.environ import make_environ"),
        ("mixsvc.wsgi.resource", "from mixsvc.pages.auth.sessions import COOKIE"),
        ("mixsvc.chat.service", "from mixsvc.rates.model.quote import EURO"),
        ("mixsvc.charts.queue", "from mixsvc.rates.model.quote import EURO"),
        ("mixsvc.rates.polling.poller", "from mixsvc.chat.protocol import events"),
        ("mixsvc.rates.polling.poller", "import mixsvc.pages.app"),
        ("mixsvc.rates.polling.poller", "import txsockjs.factory"),
        ("mixsvc.rates.model.gaps", "from mixsvc.rates.sources import ecb"),
        ("mixsvc.chat.model.people", "from mixsvc.chat.handlers import hello"),
        ("mixsvc.chat.protocol.parsing", "from mixsvc.chat.model.rooms import Room"),
        ("mixsvc.pages.auth.logins", "from mixsvc.pages.api import problems"),
        ("mixsvc.http.site", "from mixsvc.wsgi import resource"),
        ("mixsvc.storage.database", "from mixsvc.rates.model.quote import Quote"),
        ("mixsvc.config.settings", "from mixsvc.storage.database import open_database"),
        ("mixsvc.common.times", "from mixsvc.interfaces import Quote"),
        ("mixsvc.chat.service", "from mixsvc.service import MixService"),
        ("mixsvc.service", "from mixsvc.tap import Options"),
        ("mixsvc.tap", "from mixsvc.embedded import app"),
        ("mixsvc.pages.index", "from mixsvc import mix"),
        ("txsockjs.factory", "from mixsvc.config.settings import Settings"),
        ("txsockjs.factory", "from mixsvc import __version__, settings"),
        ("txsockjs._session.session", "from txsockjs._http import resource"),
        ("txsockjs._socket.writer", "from txsockjs._protocol import frames"),
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
        ("mixsvc.chat.handlers.hello", "from mixsvc.chat.protocol import events"),
        ("mixsvc.service", "from mixsvc.http.site import root"),
        ("mixsvc.pages.app", "from mixsvc.pages.api import problems"),
        ("mixsvc.pages.index", "from mixsvc import __version__, interfaces"),
        ("mixsvc.config.settings", "from mixsvc.config import parsers"),
        ("txsockjs.factory", "from txsockjs._session import session"),
        ("twisted.plugins.txsockjs_plugin", "from txsockjs.endpoint import Parser"),
    ],
)
def test_an_import_along_the_arrows_is_fine(importer: str, line: str) -> None:
    assert found(importer, line) == []


def test_a_relative_import_is_found() -> None:
    assert found("mixsvc.config.settings", "from . import chat") == [
        "mixsvc.config.settings: line 1: write the whole name of what is imported"
    ]


def test_a_module_on_no_layer_is_found() -> None:
    assert found("mixsvc.helpers", "") == ["mixsvc.helpers: is in no layer; add its folder to LAYERS"]


# Import cycles


def test_an_import_cycle_of_files_is_found() -> None:
    broken = tree(
        mixsvc__http__site="from mixsvc.http import channel",
        mixsvc__http__channel="from mixsvc.http import request",
        mixsvc__http__request="if TYPE_CHECKING:\n    from mixsvc.http import site",
    )

    (problem,) = problems(broken)

    assert problem.startswith("an import cycle of files: mixsvc.http.")
    assert all(source.name in problem for source in broken)


def test_an_import_cycle_by_an_import_inside_a_function_is_found() -> None:
    broken = tree(
        mixsvc__http__site="from mixsvc.http import head",
        mixsvc__http__head="def _f() -> None:\n    import mixsvc.http.site",
    )

    assert [line.partition(":")[0] for line in problems(broken)] == ["an import cycle of files"]


def test_an_import_cycle_of_folders_is_found_where_no_file_is_in_one() -> None:
    broken = tree(
        mixsvc__rates__sources__ecb="from mixsvc.rates.model import quote",
        mixsvc__rates__model__quote="",
        mixsvc__rates__model__gaps="from mixsvc.rates.sources import names",
        mixsvc__rates__sources__names="",
    )

    cycles = [line for line in problems(broken) if line.startswith("an import cycle")]

    assert len(cycles) == 1
    assert cycles[0].startswith("an import cycle of folders: mixsvc.rates.")


def test_what_two_files_share_is_no_cycle() -> None:
    fine = tree(
        mixsvc__http__site="from mixsvc.http import head, hosts",
        mixsvc__http__head="from mixsvc.http import hosts",
        mixsvc__http__hosts="",
    )

    assert problems(fine) == []


# Libraries


@pytest.mark.parametrize(
    ("name", "line", "what"),
    [
        ("mixsvc.pages.index", "from twisted.web import http", "twisted.web.http"),
        ("mixsvc.pages.api.rooms", "from twisted.web.resource import Resource", "twisted.web.resource.Resource"),
        ("mixsvc.pages.auth.logins", "from twisted.internet import threads", "twisted.internet.threads"),
        ("mixsvc.chat.protocol.parsing", "import twisted.logger", "twisted.logger"),
        ("mixsvc.rates.model.quote", "from twisted.logger import Logger", "twisted.logger.Logger"),
        ("mixsvc.wsgi.resource", "from flask import Flask", "flask.Flask"),
        ("mixsvc.http.site", "import flask", "flask"),
    ],
)
def test_a_library_in_a_part_that_may_not_use_it_is_found(name: str, line: str, what: str) -> None:
    assert found(name, line) == [f"{name}: line 1: must not import {what}"]


def test_flask_code_may_write_to_the_log_of_twisted() -> None:
    assert found("mixsvc.pages.flask_log", "from twisted.logger import Logger") == []


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


# Shape


def test_a_module_of_451_lines_is_found() -> None:
    assert found("mixsvc.pages", "\n" * 450) == []
    assert found("mixsvc.pages", "\n" * 451) == ["mixsvc.pages: has 451 lines; the limit is 450"]


def test_a_folder_of_21_files_and_a_root_of_11_are_found() -> None:
    files = [Source(f"mixsvc.http.part_{number}", "") for number in range(21)]
    root = [Source("mixsvc.service", "")] * 11

    assert problems(files[:20] + root[:10]) == []
    assert problems(files) == ["mixsvc.http: has 21 Python files directly in it; the limit is 20"]
    assert problems(root) == ["mixsvc: has 11 Python files directly in it; the limit is 10"]


def test_a_class_name_used_twice_in_a_package_is_found() -> None:
    text = "class _Head:\n    pass\n"
    broken = [Source("mixsvc.http.head", text), Source("mixsvc.wsgi.head", text), Source("txsockjs.endpoint", text)]

    assert problems(broken) == ["mixsvc: the class name _Head is used in mixsvc.http.head and mixsvc.wsgi.head"]


def function(lines: int, signature: str = "def _f() -> None:") -> str:
    return "\n".join([signature, '    """Words."""', "", "    # Why.", *["    pass"] * lines])


def test_a_function_of_25_lines_is_found_where_docstring_comments_and_blank_lines_do_not_count() -> None:
    assert found("mixsvc.pages", function(24)) == []
    assert found("mixsvc.pages", function(25)) == ["mixsvc.pages: line 1: _f has 25 lines; the limit is 24"]


def test_a_function_of_six_parameters_is_found_where_self_does_not_count() -> None:
    assert found("mixsvc.pages", function(1, "def _f(self, a, b, c, d, *e) -> None:")) == []
    assert found("mixsvc.pages", function(1, "async def _f(a, b, c, /, d, *, e, **f) -> None:")) == [
        "mixsvc.pages: line 1: _f has 6 parameters; the limit is 5"
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


def test_a_name_that_is_imported_and_not_in_the_list_of_its_home_is_found() -> None:
    broken = tree(
        mixsvc__http__head="__all__ = ['a']\na = b = 1\n",
        mixsvc__http__site="def _f() -> None:\n    from mixsvc.http.head import a, b",
    )

    assert problems(broken) == ["mixsvc.http.site: line 2: __all__ of mixsvc.http.head lacks b"]


def test_a_module_and_the_version_may_be_imported_though_no_list_has_them() -> None:
    fine = tree(
        mixsvc__http="__version__ = '1'",
        mixsvc__http__head="",
        mixsvc__http__site="from mixsvc.http import head\nfrom mixsvc.http import __version__",
    )

    assert problems(fine) == []


def test_a_name_that_is_imported_or_made_on_first_use_may_be_in_the_list() -> None:
    assert found("mixsvc.pages", "from json import loads\n__all__ = ['loads']\n") == []
    assert found("mixsvc.pages", "__all__ = ['app']\ndef __getattr__(name: str) -> object: ...\n") == []


def test_a_module_without_public_names_needs_no_list() -> None:
    assert found("mixsvc.pages", "import json\n_a = 1\n__version__ = '1'\n") == []


# Encodings


@pytest.mark.parametrize(
    "line",
    [
        "open(path)",
        "open(path, 'w')",
        "open(path, mode='a')",
        "os.fdopen(handle, 'w')",
        "Path(path).read_text()",
        "(files(__package__) / name).read_text(errors='replace')",
        "Path(path).write_text(text)",
        "subprocess.run(command, text=True)",
    ],
)
def test_text_in_the_encoding_of_the_locale_is_found(line: str) -> None:
    assert found("mixsvc.common.files", line) == ["mixsvc.common.files: line 1: name the encoding"]


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'rb')",
        "open(path, encoding='utf-8')",
        "open(path, 'w', 1, 'utf-8')",
        "os.open(path, os.O_RDONLY)",
        "os.fdopen(handle, 'w+b')",
        "port.open(factory)",
        "Path(path).read_text('utf-8')",
        "Path(path).write_text(text, 'utf-8')",
        "subprocess.run(command)",
    ],
)
def test_bytes_and_text_in_a_named_encoding_are_fine(line: str) -> None:
    assert found("mixsvc.common.files", line) == []
