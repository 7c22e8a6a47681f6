"""An answer over HTTP with treq: the latest rate.

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
    """The latest quote of a pair; ValueError with what the service says instead."""
    # This limit ends with the headers. The body has one of its own, or a service that stalls is waited for without end.
    answer = await treq.get(f"{url}/api/rates/{base}/{quote}", timeout=SECONDS)
    # Even where only the status matters: a body that nobody reads keeps its connection.
    body = await treq.json_content(answer).addTimeout(SECONDS, reactor)
    # To treq a 404 is an answer as any other.
    if answer.code != 200:
        raise ValueError(f"{answer.code}: {body['detail']}")
    return body


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """What react runs: it starts the reactor and stops it when this has ended."""
    try:
        quote = await latest(reactor, url, "EUR", "USD")
    except (ResponseNeverReceived, TimeoutError):
        # Their texts are for whoever debugs Twisted.
        raise SystemExit(f"with_treq: {url} gave no answer within {SECONDS} s") from None
    except Exception as error:
        # A SystemExit is one line and status 1 to react; all else it shows with a traceback.
        raise SystemExit(f"with_treq: {url}: {error}") from None
    print(f"1 {quote['base']} is {quote['price']} {quote['quote']} ({quote['date']})")


if __name__ == "__main__":
    react(main, sys.argv[1:2])
