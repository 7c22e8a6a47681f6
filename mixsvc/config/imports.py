"""What a setting names in somebody else's code: imported, and looked at before it is needed."""

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

__all__ = ["Wanted", "imported"]

OURS: Final = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")


@dataclass(frozen=True)
class Wanted:
    """What a setting is to name. kind: what it is to people; takes: the names of its arguments."""

    setting: str
    kind: str
    takes: tuple[str, ...]


def imported(name: str, wanted: Wanted) -> Callable[..., Any]:
    """What package.module:name or package.module.name is; runs the module. Raises BadSetting, whatever goes wrong."""
    module_name, attribute = name.split(":") if ":" in name else name.rsplit(".", 1)
    # twistd of a virtual environment does not look into the current directory, where one's own code is.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = import_module(module_name)
        found: Any = getattr(module, attribute, None)
    except BaseException as error:
        # An application may raise anything, and end the process (SystemExit): it is not the one that decides.
        raise BadSetting(f"{wanted.setting} = {name}: importing {module_name} failed with {_told(error)}") from None
    fault = _fault(found, module, attribute, wanted)
    if fault:
        raise BadSetting(f"{wanted.setting} = {name}: {fault}")
    return found  # type: ignore[no-any-return]  # what it gives shows at the first request


def _fault(found: Any, module: ModuleType, attribute: str, wanted: Wanted) -> str:
    """Why it will not do; "" when it will."""
    if isinstance(found, ModuleType):
        return f"{attribute} is a module; name the {wanted.kind} in it, such as {found.__name__}:app"
    if not callable(found):
        return f"{module.__name__} has no {wanted.kind} {attribute!r}"
    arguments = f"({', '.join(wanted.takes)})"
    if inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(getattr(found, "__call__", None)):  # noqa: B004
        return f"{attribute} is a coroutine function, as ASGI has them; it must be a plain {wanted.kind}{arguments}"
    if not _takes(found, len(wanted.takes)):
        return f"{attribute} cannot be called with {arguments}; if it makes the {wanted.kind}, name what it returns"
    return ""


def _takes(found: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(found).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        # Some that are written in C do not tell.
        return True
    return True


def _told(error: BaseException) -> str:
    """An error of other people's code in one line, with the place in their code."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    files = [(each.filename, each.lineno) for each in traceback.extract_tb(error.__traceback__)]
    # Neither our own code nor the machinery of import is where to look.
    theirs = [each for each in files if not each[0].startswith(("<", OURS)) and "importlib" not in each[0]]
    return f"{said} ({theirs[-1][0]}, line {theirs[-1][1]})" if theirs else said
