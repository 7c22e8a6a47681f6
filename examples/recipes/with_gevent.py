"""Blocking code that suspends by itself, with gevent: ten greenlets wait with urllib, one with Twisted.

pip install 'mixsvc[gevent]'
python with_gevent.py [URL]
"""
# ruff: noqa: E402

from gevent import monkey

# Before anything else is imported: whatever has taken socket or time by then keeps those that block everybody.
monkey.patch_all()

import txgevent

# As early: who imports the reactor before has Twisted's own.
txgevent.install()

import sys
from typing import Any
from urllib.request import urlopen

import gevent
import treq
from twisted.internet.defer import FirstError, gatherResults
from twisted.internet.task import react


def blocking(url: str) -> int:
    """The length of what is there. Each wait within urllib lets other greenlets and the reactor go on."""
    with urlopen(url, timeout=10) as answer:
        return len(answer.read())


def through_twisted(url: str) -> int:
    """The same with treq: a Deferred is waited for as if it were a blocking call."""
    # Only in a greenlet that is not the reactor's own: callbacks and protocols use await.
    return len(txgevent.waitForDeferred(treq.get(url, timeout=10).addCallback(treq.content), timeout=20))


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """What react runs, in the reactor's greenlet."""
    # gevent shows the traceback of each greenlet that fails; here the Deferred of each tells.
    gevent.get_hub().NOT_ERROR += (Exception,)
    # They start when this one waits. A computation would not let go of the one thread that all of them share.
    greenlets = [gevent.spawn(blocking, f"{url}/api/rates/EUR/USD") for _ in range(10)]
    greenlets.append(gevent.spawn(through_twisted, f"{url}/api/rates/EUR/USD"))
    try:
        # Back again: greenlets as Deferreds.
        lengths = await gatherResults([txgevent.waitForGreenlet(each) for each in greenlets], consumeErrors=True)
    except FirstError as error:
        raise SystemExit(f"with_gevent: {url}: {error.subFailure.getErrorMessage()}") from None
    print(f"{len(lengths)} answers in one thread, {'all alike' if len(set(lengths)) == 1 else 'not all alike'}")


if __name__ == "__main__":
    react(main, sys.argv[1:2])
