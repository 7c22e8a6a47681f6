"""A Twisted reactor on gevent's hub, and ways between greenlets and Deferreds.

    import txgevent
    txgevent.install()  # before anything imports twisted.internet.reactor

It knows Twisted and gevent only. gevent is imported with the first name that is used, not with this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from txgevent._native import NativeThreadPool
    from txgevent._waiting import waitForDeferred, waitForGreenlet
    from txgevent.reactor import GeventReactor, install

__all__ = ["GeventReactor", "NativeThreadPool", "install", "waitForDeferred", "waitForGreenlet"]

_PLACES: Final = {
    "GeventReactor": "txgevent.reactor",
    "NativeThreadPool": "txgevent._native",
    "install": "txgevent.reactor",
    "waitForDeferred": "txgevent._waiting",
    "waitForGreenlet": "txgevent._waiting",
}


def __getattr__(name: str) -> Any:
    """The public names; ImportError with advice where gevent is not installed."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
