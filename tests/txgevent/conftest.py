"""A reactor on gevent for each test, and a way to run it for as long as a greenlet needs it."""

import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import gevent
import pytest
import twisted.internet

from txgevent.reactor import GeventReactor

__all__ = ["SECONDS", "Run"]

T = TypeVar("T")
Run = Callable[[Callable[[], T]], T]

# Far more than anything here takes.
SECONDS: Final = 30.0


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> GeventReactor:
    """One that is installed for this test only."""
    made = GeventReactor()
    monkeypatch.setitem(sys.modules, "twisted.internet.reactor", made)
    # Where another test has imported one, `from twisted.internet import reactor` looks here first.
    monkeypatch.setattr(twisted.internet, "reactor", made, raising=False)
    return made


@pytest.fixture
def run(reactor: GeventReactor) -> Run[Any]:
    """Runs the reactor until a function has returned, in a greenlet of its own; gives what that returns or raises."""

    def run(function: Callable[[], Any]) -> Any:
        greenlet = gevent.Greenlet(function)
        greenlet.link(lambda ended: reactor.callFromThread(reactor.stop))
        reactor.callWhenRunning(greenlet.start)
        late = reactor.callLater(SECONDS, reactor.stop)
        reactor.run(installSignalHandlers=False)
        assert late.active(), f"still running after {SECONDS:g} s"
        late.cancel()
        return greenlet.get(block=False)

    return run
