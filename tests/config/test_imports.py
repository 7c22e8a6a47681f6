"""Imports of what settings name in users' code, and the messages about mistakes in it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

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
        ("app = None", "theirs has no WSGI application 'app'"),
        ("app = 'x'", "theirs has no WSGI application 'app'"),
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
