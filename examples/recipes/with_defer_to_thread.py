"""A blocking library in threads with deferToThread: urllib stands for any that knows nothing of Twisted.

python with_defer_to_thread.py [URL]
"""

import json
import sys
from typing import Any
from urllib.request import urlopen

from twisted.internet.defer import FirstError, gatherResults
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

CURRENCIES = ("USD", "GBP", "JPY")


def worth(url: str, currency: str) -> str:
    """The worth of a euro; blocks. It runs in a thread of the pool, where nothing of Twisted may be used."""
    # A thread cannot be cancelled, and the process waits for it at the end, so the call needs its own time limit.
    with urlopen(f"{url}/api/convert?amount=1&from=EUR&to={currency}", timeout=10) as answer:
        body = json.load(answer)
    return f"{body['result']} {body['to']}"


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react."""
    # The default is ten threads, in which Twisted also looks up host names: many long calls should have a pool of their
    # own (twisted.python.threadpool.ThreadPool, deferToThreadPool).
    reactor.suggestThreadPoolSize(20)
    try:
        # The results arrive in the reactor's thread.
        worths = await gatherResults([deferToThread(worth, url, each) for each in CURRENCIES], consumeErrors=True)
    except FirstError as error:
        raise SystemExit(f"with_defer_to_thread: {url}: {error.subFailure.getErrorMessage()}") from None
    print("1 EUR is " + ", ".join(worths))


if __name__ == "__main__":
    react(main, sys.argv[1:2])
