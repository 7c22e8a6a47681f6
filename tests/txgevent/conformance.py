"""Twisted's own tests of what a reactor must do, made for ours; run by trial in a process of their own.

`CONFORMANCE="test_tcp test_unix" python -m twisted.trial tests.txgevent.conformance`
"""

import os
from importlib import import_module
from typing import Any, Final

from gevent import get_hub
from twisted.internet.test.reactormixins import ReactorBuilder

import txgevent

__all__ = ["EXCEPTIONS"]

# Twisted's tests that do not hold here, and why.
EXCEPTIONS: Final = {
    "test_isNotInIOThread": "the reactor's pool has greenlets, which are in its thread",
    "test_spawnProcessEarlyIsReaped": "wants a SIGCHLD handler of its own; that is the loop's",
    "test_changeUID": "needs a Python that every user may read",
    "test_changeGID": "needs a Python that every user may read",
}

txgevent.install()
# Each module makes its cases for these when it is imported.
ReactorBuilder._reactors = ["txgevent.reactor.GeventReactor"]
_set_up = ReactorBuilder.setUp


def _set_up_loop(self: Any) -> None:
    """Run Twisted's setUp, which removes the handler of SIGCHLD; then gevent's loop must set it again."""
    _set_up(self)
    loop: Any = get_hub().loop
    loop.reset_sigchld()


def _cases(module: str) -> dict[str, type[Any]]:
    found = vars(import_module(f"twisted.internet.test.{module}"))
    return {name: case for name, case in found.items() if name.endswith("_GeventReactorTests")}


def _excuse(case: type[Any]) -> None:
    for name, reason in EXCEPTIONS.items():
        if hasattr(case, name):
            # trial reads it from the test.
            setattr(case, name, _skipped(reason))


def _skipped(reason: str) -> Any:
    def test(self: Any) -> None:
        """Not run."""

    test.skip = reason  # type: ignore[attr-defined]
    return test


def _all_cases(modules: list[str]) -> dict[str, type[Any]]:
    cases: dict[str, type[Any]] = {}
    for module in modules:
        cases.update(_cases(module))
    for case in cases.values():
        _excuse(case)
    return cases


ReactorBuilder.setUp = _set_up_loop  # type: ignore[method-assign]
# trial takes every case that it finds here.
globals().update(_all_cases(os.environ.get("CONFORMANCE", "").split()))
