"""A Twisted reactor on gevent's hub, and ways between greenlets and Deferreds.

    import txgevent
    txgevent.install()  # before anything imports twisted.internet.reactor

The reactor (reactor.py) is Twisted's own in everything but how it waits. When it has nothing to do, its greenlet
switches to gevent's hub, and other greenlets run; a descriptor, a timer, a signal or another thread resumes it.
Callbacks run in the reactor's greenlet and never in the hub, so they may use gevent's locks.

Files in the order in which one meets them: reactor; _watches (descriptors), _children (processes), _greenlets (its
thread pool, of greenlets), _native (a pool of threads), _waiting (from Deferreds to greenlets and back); interfaces;
twistd (what `--reactor gevent` installs); _hub (gevent, and the native thread's ident).

The package depends on Twisted and gevent only, and imports gevent when a public name is used for the first time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from txgevent._native import NativeThreadPool
    from txgevent._waiting import waitForDeferred, waitForGreenlet
    from txgevent.reactor import GeventReactor, install

__all__ = ["GeventReactor", "NativeThreadPool", "install", "waitForDeferred", "waitForGreenlet"]

_MODULES: Final = {
    "GeventReactor": "txgevent.reactor",
    "NativeThreadPool": "txgevent._native",
    "install": "txgevent.reactor",
    "waitForDeferred": "txgevent._waiting",
    "waitForGreenlet": "txgevent._waiting",
}


def __getattr__(name: str) -> Any:
    """Import a public name. Raises ImportError with advice where gevent is not installed."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
