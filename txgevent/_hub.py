"""Imports gevent, or gives advice where it is missing; functions of native threads in a patched program."""

try:
    from gevent import monkey
except ImportError as error:
    if error.name != "gevent":
        raise
    raise ImportError("gevent is not installed; `pip install gevent` brings it") from None

from collections.abc import Callable
from typing import Any

__all__ = ["get_ident", "start_native_thread"]

# Functions of the operating system's threads, also in a monkey-patched program, whose threads are greenlets.
get_ident: Callable[[], int] = monkey.get_original("_thread", "get_ident")
start_native_thread: Callable[[Callable[..., object], tuple[Any, ...]], int] = monkey.get_original(
    "_thread", "start_new_thread"
)
