"""An HTTP request with treq: the latest rate.

python with_treq.py [URL]
"""

import sys
from typing import Any

import treq
from twisted.internet.defer import TimeoutError
from twisted.internet.task import react
from twisted.web.client import ResponseNeverReceived

SECONDS = 10


async def latest(reactor: Any, url: str, base: str, quote: str) -> Any:
    """The latest quote of a pair; raises ValueError with the service's reason."""
    # This limit ends with the headers. The body needs its own, or the wait for a service that stalls never ends.
    answer = await treq.get(f"{url}/api/rates/{base}/{quote}", timeout=SECONDS)
    # Read it even where only the status matters: an unread body keeps its connection open.
    body = await treq.json_content(answer).addTimeout(SECONDS, reactor)
    # treq treats a 404 as an answer like any other.
    if answer.code != 200:
        raise ValueError(f"{answer.code}: {body['detail']}")
    return body


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react, which starts the reactor, and stops it when this coroutine has ended."""
    try:
        quote = await latest(reactor, url, "EUR", "USD")
    except (ResponseNeverReceived, TimeoutError):
        # Their texts are for those who debug Twisted.
        raise SystemExit(f"with_treq: {url} gave no answer within {SECONDS} s") from None
    except Exception as error:
        # For a SystemExit, react prints one line and ends with status 1; for other exceptions it prints a traceback.
        raise SystemExit(f"with_treq: {url}: {error}") from None
    print(f"1 {quote['base']} is {quote['price']} {quote['quote']} ({quote['date']})")


if __name__ == "__main__":
    react(main, sys.argv[1:2])
