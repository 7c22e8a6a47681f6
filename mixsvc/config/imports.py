"""Imports the functions that settings name in other people's code, and checks them before they are called."""

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType, FunctionType, ModuleType
from typing import Any, Final

from mixsvc.common.callables import is_coroutine_function, takes
from mixsvc.common.records import record
from mixsvc.errors import BadSetting

__all__ = ["ExpectedCallable", "import_callable", "module_of"]

OURS: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")

# While this is set, app.run() of Flask does nothing (flask.Flask.run); `flask run` sets it as well.
FLASK_SWITCH: Final = "FLASK_RUN_FROM_CLI"

# How many names of a module a message offers.
MOST_NAMED: Final = 5

# Seconds after which a module that is still being imported gets a line on stderr.
LONG: Final = 5.0


@record
class ExpectedCallable:
    """What a setting must name.

    setting: such as "[web] wsgi". kind: what people call it, such as "WSGI application". arguments: their names.
    """

    setting: str
    kind: str
    arguments: tuple[str, ...]


def import_callable(name: str, expected: ExpectedCallable) -> Callable[..., Any]:
    """Imports a module, which runs it, and returns the callable in it.

    name: package.module:name or package.module.name. A server that the module itself would run is not run if it is
    Flask's; any other is told on stderr. Called in the main thread, one call at a time. Raises BadSetting, also for
    every exception of the module.
    """
    module_name, attribute = _parts(name)
    # The twistd of a virtual environment does not search the current directory, where the user's code is.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        with _without_flask_server(), _told_if_long(f"{expected.setting} = {name}", module_name):
            module = import_module(module_name)
            found: Any = getattr(module, attribute, None)
    except BaseException as error:
        # The module may raise anything, even SystemExit; it must not decide how this process ends.
        raise BadSetting(
            f"{expected.setting} = {name}: importing {module_name} failed with {_describe(error)}"
        ) from None
    fault = _fault(found, module, attribute, expected)
    if fault:
        raise BadSetting(f"{expected.setting} = {name}: {fault}")
    return found  # type: ignore[no-any-return]  # its result is checked at the first request


def module_of(name: str) -> str:
    """Returns the name of the module in which an object is: package.module of package.module:name."""
    return _parts(name)[0]


def _parts(name: str) -> tuple[str, str]:
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    return module, attribute


@contextmanager
def _without_flask_server() -> Iterator[None]:
    before = os.environ.get(FLASK_SWITCH)
    os.environ[FLASK_SWITCH] = "true"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(FLASK_SWITCH, None)
        else:
            os.environ[FLASK_SWITCH] = before


@contextmanager
def _told_if_long(setting: str, module: str) -> Iterator[None]:
    """Say on stderr where an import has got to after some seconds: it may run a server, and then it never ends."""
    importing = threading.get_ident()

    def tell() -> None:
        place = _place(sys._current_frames().get(importing))
        at = f" and is at {place}" if place else ""
        print(
            f"mixsvc: {setting}: importing {module} takes more than {LONG:g} s{at}; if that runs a server, as run() "
            "and serve() do, write it below: if __name__ == '__main__':",
            file=sys.stderr,
            flush=True,
        )

    timer = threading.Timer(LONG, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _fault(found: Any, module: ModuleType, attribute: str, expected: ExpectedCallable) -> str:
    """Returns what is wrong with the object, "" if it is what the setting must name."""
    if isinstance(found, ModuleType):
        return f"{attribute} is a module; name the {expected.kind} in it, such as {found.__name__}:app"
    if found is None and attribute not in vars(module):
        return _missing(module, attribute, expected)
    if not callable(found):
        return f"{attribute} is {_kind(found)}, which cannot be called"
    arguments = f"({', '.join(expected.arguments)})"
    if is_coroutine_function(found):
        return f"{attribute} is a coroutine function, as in ASGI; give a plain {expected.kind}{arguments}"
    if not takes(found, len(expected.arguments)):
        return f"{attribute} cannot be called with {arguments}; if it makes the {expected.kind}, name what it returns"
    return ""


def _missing(module: ModuleType, attribute: str, expected: ExpectedCallable) -> str:
    """What to say of a name that a module does not have."""
    usable = [name for name in vars(module) if _would_do(name, module, expected)][:MOST_NAMED]
    if attribute == "py":
        return f"name the {expected.kind} in the file, as in {module.__name__}:{usable[0] if usable else 'app'}"
    there = f"; it has {', '.join(usable)}" if usable else ""
    return f"{module.__name__} has no {expected.kind} {attribute!r}{there}"


def _would_do(name: str, module: ModuleType, expected: ExpectedCallable) -> bool:
    """Whether a name of a module could be meant: it was made there, unless it is an object that can be called."""
    found = vars(module)[name]
    try:
        is_from_elsewhere = isinstance(found, type | FunctionType) and found.__module__ != module.__name__
        return not (name.startswith("_") or is_from_elsewhere or _fault(found, module, name, expected))
    except Exception:
        # Other people's objects may raise anything, such as Flask's request outside of one.
        return False


def _kind(found: object) -> str:
    if found is None:
        return "None"
    name = type(found).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def _describe(error: BaseException) -> str:
    """Returns an error of other people's code in one line, with the place in their code."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    files = [(each.filename, each.lineno) for each in traceback.extract_tb(error.__traceback__)]
    theirs = [each for each in files if _is_theirs(each[0])]
    place = f" ({theirs[-1][0]}, line {theirs[-1][1]})" if theirs else ""
    return f"{text}{place}{_searched(error)}"


def _is_theirs(file: str) -> bool:
    """Whether a file belongs to neither our own code nor the import system."""
    return not file.startswith(("<", OURS)) and "importlib" not in file


def _searched(error: BaseException) -> str:
    """Returns where a module was looked for that was not found; "" for other errors."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package = sys.modules.get(error.name.rpartition(".")[0])
    folders = getattr(package, "__path__", sys.path)
    found = dict.fromkeys(os.path.abspath(folder) for folder in folders if os.path.isdir(folder or "."))
    return f"; it was looked for in {', '.join(found)}"


def _place(frame: FrameType | None) -> str:
    """Returns where the module that is being imported has got to; frame: the innermost of its thread."""
    place = ""
    while frame is not None and frame.f_code.co_filename != __file__:
        if _is_theirs(frame.f_code.co_filename):
            place = f"{frame.f_code.co_filename}, line {frame.f_lineno}"
        frame = frame.f_back
    return place
