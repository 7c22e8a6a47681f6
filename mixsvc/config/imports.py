"""Imports the functions that settings name in other people's code, and checks them before they are called."""

import inspect
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from mixsvc.errors import BadSetting

__all__ = ["ExpectedCallable", "import_callable"]

OURS: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")


@dataclass(frozen=True)
class ExpectedCallable:
    """What a setting must name.

    setting: such as "[web] wsgi". kind: what people call it, such as "WSGI application". arguments: their names.
    """

    setting: str
    kind: str
    arguments: tuple[str, ...]


def import_callable(name: str, expected: ExpectedCallable) -> Callable[..., Any]:
    """Imports a module, which runs it, and returns the callable in it.

    name: package.module:name or package.module.name. Raises BadSetting, also for every exception of the module.
    """
    module_name, attribute = name.split(":") if ":" in name else name.rsplit(".", 1)
    # The twistd of a virtual environment does not search the current directory, where the user's code is.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
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


def _fault(found: Any, module: ModuleType, attribute: str, expected: ExpectedCallable) -> str:
    """Returns what is wrong with the object, "" if it is what the setting must name."""
    if isinstance(found, ModuleType):
        return f"{attribute} is a module; name the {expected.kind} in it, such as {found.__name__}:app"
    if not callable(found):
        return f"{module.__name__} has no {expected.kind} {attribute!r}"
    arguments = f"({', '.join(expected.arguments)})"
    if inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(getattr(found, "__call__", None)):  # noqa: B004
        return f"{attribute} is a coroutine function, as in ASGI; give a plain {expected.kind}{arguments}"
    if not _takes(found, len(expected.arguments)):
        return f"{attribute} cannot be called with {arguments}; if it makes the {expected.kind}, name what it returns"
    return ""


def _takes(found: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(found).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        # Some functions that are written in C have no signature.
        return True
    return True


def _describe(error: BaseException) -> str:
    """Returns an error of other people's code in one line, with the place in their code."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    files = [(each.filename, each.lineno) for each in traceback.extract_tb(error.__traceback__)]
    # The cause is in neither our own code nor the import system.
    theirs = [each for each in files if not each[0].startswith(("<", OURS)) and "importlib" not in each[0]]
    return f"{text} ({theirs[-1][0]}, line {theirs[-1][1]})" if theirs else text
