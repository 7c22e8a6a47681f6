"""One step after the other with inlineCallbacks: which pairs there are, then the history of the first.

python with_inline_callbacks.py [URL]
"""

import sys
from collections.abc import Generator
from typing import Any

import treq
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.task import react


@inlineCallbacks
def fetched(reactor: Any, url: str) -> Generator[Deferred[Any], Any, Any]:
    """The JSON at a URL; raises ValueError with the service's reason."""
    answer = yield treq.get(url, timeout=10)
    body = yield treq.json_content(answer).addTimeout(10, reactor)
    if answer.code != 200:
        raise ValueError(f"{answer.code}: {body['detail']}")
    return body


@inlineCallbacks
def highest(reactor: Any, url: str) -> Generator[Deferred[Any], Any, str]:
    """The highest price that the first of the service's pairs ever had."""
    # To mypy the value of yield is Any; with await it knows the type.
    quotes = (yield fetched(reactor, f"{url}/api/rates"))["quotes"]
    if not quotes:
        raise ValueError("the service has no rates yet")
    pair = f"{quotes[0]['base']}/{quotes[0]['quote']}"
    # This step needs the one before. Independent steps should run at the same time, as in with_await.py.
    history = yield fetched(reactor, f"{url}/api/rates/{pair}/history?from=1999-01-04")
    best = max(history["points"], key=lambda point: float(point["price"]))
    return f"{pair} was never above {best['price']} ({best['date']})"


@inlineCallbacks
def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> Generator[Deferred[Any], Any, None]:
    """Run by react."""
    try:
        print((yield highest(reactor, url)))
    except Exception as error:
        raise SystemExit(f"with_inline_callbacks: {url}: {type(error).__name__}: {error}") from None


if __name__ == "__main__":
    react(main, sys.argv[1:2])
