"""Functions of other people's code: whether they can be called as they will be. Pure."""

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["is_coroutine_function", "takes"]


def is_coroutine_function(function: object) -> bool:
    """Whether a call returns a coroutine: it is an `async def`, or an object whose __call__ is one."""
    call = getattr(function, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many positional arguments; True where nobody can tell."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        # Some functions that are written in C have no signature.
        return True
    return True
