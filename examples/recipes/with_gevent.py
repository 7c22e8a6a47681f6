"""Blocking code that yields by itself, with gevent: ten greenlets wait with urllib, one with Twisted.

pip install '.[gevent]'     # in a checkout
python with_gevent.py [URL]
"""
# ruff: noqa: E402

from gevent import monkey

# Before all other imports: a module that has imported socket or time by then keeps the blocking versions.
monkey.patch_all()

import txgevent

# As early: importing the reactor before this installs Twisted's own.
txgevent.install()

import sys
from typing import Any
from urllib.request import urlopen

import gevent
import treq
from twisted.internet.defer import FirstError, gatherResults
from twisted.internet.task import react


def blocking(url: str) -> int:
    """The length of the answer. While urllib waits, other greenlets and the reactor run."""
    with urlopen(url, timeout=10) as answer:
        return len(answer.read())


def through_twisted(url: str) -> int:
    """The same with treq: waits for a Deferred as if it were a blocking call."""
    # Not in the reactor's own greenlet: callbacks and protocols use await.
    return len(txgevent.waitForDeferred(treq.get(url, timeout=10).addCallback(treq.content), timeout=20))


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react, in the reactor's greenlet."""
    # gevent prints the traceback of each greenlet that fails; here the Deferreds report the failures.
    gevent.get_hub().NOT_ERROR += (Exception,)
    # They start when this greenlet waits. All share one thread, so a computation would block the others.
    greenlets = [gevent.spawn(blocking, f"{url}/api/rates/EUR/USD") for _ in range(10)]
    greenlets.append(gevent.spawn(through_twisted, f"{url}/api/rates/EUR/USD"))
    try:
        # The other way: greenlets as Deferreds.
        lengths = await gatherResults([txgevent.waitForGreenlet(each) for each in greenlets], consumeErrors=True)
    except FirstError as error:
        raise SystemExit(f"with_gevent: {url}: {error.subFailure.getErrorMessage()}") from None
    print(f"{len(lengths)} answers in one thread, {'all alike' if len(set(lengths)) == 1 else 'not all alike'}")


if __name__ == "__main__":
    react(main, sys.argv[1:2])
