"""Imports of what settings name in users' code, and the messages about mistakes in it."""

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from mixsvc.config import imports
from mixsvc.config.imports import ExpectedCallable, import_callable
from mixsvc.errors import BadSetting

EXPECTED: Final = ExpectedCallable("[web] wsgi", "WSGI application", ("environ", "start_response"))


@pytest.fixture(autouse=True)
def modules_of_its_own() -> Iterator[None]:
    """Forgets what a test imported before the next one."""
    before, path = set(sys.modules), list(sys.path)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path


def written(source: str, name: str = "theirs.py") -> None:
    """A module in the current folder, which is the test's own."""
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(source)


def complaint(name: str) -> str:
    with pytest.raises(BadSetting) as raised:
        import_callable(name, EXPECTED)
    said = str(raised.value)
    assert "\n" not in said
    start = f"[web] wsgi = {name}: "
    assert said.startswith(start)
    return said.removeprefix(start)


def test_it_is_found_in_the_current_folder_by_either_spelling() -> None:
    written("def app(environ, start_response): ...")

    assert import_callable("theirs:app", EXPECTED) is import_callable("theirs.app", EXPECTED)


@pytest.mark.parametrize(
    "source",
    [
        "class App:\n  def __call__(self, environ, start_response): ...\napp = App()",
        "class app:\n  def __init__(self, environ, start_response): ...",
        "def app(*anything): ...",
        "def app(environ, start_response, more=1): ...",
        "import functools\napp = functools.partial(lambda prefix, environ, start_response: None, 'x')",
        # It has no signature.
        "app = dict.fromkeys",
    ],
)
def test_whatever_can_be_called_with_two_arguments_is_accepted(source: str) -> None:
    written(source)

    assert callable(import_callable("theirs:app", EXPECTED))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def app(:", "importing theirs failed with SyntaxError: invalid syntax (theirs.py, line 1)"),
        ("import nowhere", "importing theirs failed with ModuleNotFoundError: No module named 'nowhere' ("),
        ("raise SystemExit(3)", "importing theirs failed with SystemExit: 3 ("),
        ("raise KeyboardInterrupt", "importing theirs failed with KeyboardInterrupt: ("),
        ("class End(BaseException): ...\nraise End('a\\nb')", "importing theirs failed with End: a b ("),
        ("def __getattr__(name): raise ValueError(name)", "importing theirs failed with ValueError: app ("),
        ("", "theirs has no WSGI application 'app'"),
        ("app = None", "app is None, which cannot be called"),
        ("app = 'x'", "app is a str, which cannot be called"),
        ("app = 5", "app is an int, which cannot be called"),
        ("def app(): ...", "app cannot be called with (environ, start_response); if it makes the WSGI application, "),
        ("async def app(scope, receive, send): ...", "app is a coroutine function, as in ASGI; give a plain "),
        (
            "class App:\n  async def __call__(self, scope, receive, send): ...\napp = App()",
            "app is a coroutine function, as in ASGI; give a plain ",
        ),
    ],
)
def test_anything_else_is_refused_in_one_clear_line(source: str, said: str) -> None:
    written(source)

    assert complaint("theirs:app").startswith(said)


def test_a_name_that_is_not_there_is_refused_with_those_that_would_do() -> None:
    written(
        "import json\nfrom flask import Flask, jsonify, request\nfrom functools import partial\n"
        "def make(): ...\ndef web(environ, start_response): ...\n_web = web\nthird, five = Flask('third'), 5\n"
    )

    assert complaint("theirs:nope") == "theirs has no WSGI application 'nope'; it has web, third"
    assert complaint("theirs.py") == "name the WSGI application in the file, as in theirs:web"
    written("", "empty.py")
    assert complaint("empty.py") == "name the WSGI application in the file, as in empty:app"


def test_the_line_names_the_place_in_their_code() -> None:
    written("def helper():\n    return 1 / 0\n", "helpers.py")
    written("import helpers\n\nhelpers.helper()\n")

    assert complaint("theirs:app").endswith("helpers.py, line 2)")


def test_a_module_in_place_of_an_application_has_an_error_of_its_own() -> None:
    written("", "package/__init__.py")
    written("app = None", "package/wsgi.py")
    written("from package import wsgi", "theirs.py")

    assert complaint("theirs:wsgi") == ("wsgi is a module; name the WSGI application in it, such as package.wsgi:app")
    assert complaint("package.web") == "package has no WSGI application 'web'"


def test_a_module_that_is_not_found_is_said_with_the_folders_that_were_searched() -> None:
    said = complaint("nowhere:app")

    start, folders = said.split("; it was looked for in ")
    assert start == "importing nowhere failed with ModuleNotFoundError: No module named 'nowhere'"
    assert os.getcwd() in folders.split(", ")
    assert any(folder.endswith("site-packages") for folder in folders.split(", "))


def test_a_module_of_a_package_is_searched_in_the_folders_of_the_package() -> None:
    written("", "package/__init__.py")

    assert complaint("package.nowhere:app").endswith(f"; it was looked for in {os.getcwd()}/package")


def test_a_missing_library_of_their_module_is_said_with_the_folders_too() -> None:
    written("import nowhere")

    said = complaint("theirs:app")

    assert "/theirs.py, line 1); it was looked for in " in said
    assert os.getcwd() in said.rpartition(" in ")[2].split(", ")


def test_the_server_of_flask_at_the_end_of_a_module_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    written("import flask\napp = flask.Flask('theirs')\napp.run(port=0)\nafterwards = True")

    app = import_callable("theirs:app", EXPECTED)

    assert sys.modules["theirs"].app is app and sys.modules["theirs"].afterwards
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out
    assert "FLASK_RUN_FROM_CLI" not in os.environ


@pytest.mark.parametrize("source", ["app = print", "raise ValueError"])
def test_the_environment_is_as_before_after_an_import(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")
    written(source)

    with suppress(BadSetting):
        import_callable("theirs:app", EXPECTED)

    assert os.environ["FLASK_RUN_FROM_CLI"] == "false"


class Told(io.StringIO):
    """A stream for text, and whether a line was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.has_line = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if text.endswith("\n"):
            self.has_line.set()
        return written


def test_a_module_that_does_not_end_is_told_with_the_line_it_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(imports, "LONG", 1.0)
    monkeypatch.setattr(sys, "stderr", told)
    # Blocks as a server does, but only until the line is there.
    written("import sys\n\nsys.stderr.has_line.wait(60)\napp = lambda environ, start_response: None\n")

    import_callable("theirs:app", EXPECTED)

    said = told.getvalue()
    assert said.startswith("mixsvc: [web] wsgi = theirs:app: importing theirs takes more than 1 s and is at ")
    assert "/theirs.py, line 3; if that runs a server, as run() and serve() do, write it below: if __name__" in said
    assert said.count("\n") == 1
