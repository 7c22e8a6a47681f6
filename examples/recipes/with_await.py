"""Several requests at the same time with async and await: what an amount is worth in four currencies.

python with_await.py [URL]
"""

import sys
from typing import Any

import treq
from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.task import react

CURRENCIES = ("USD", "GBP", "JPY", "CHF")


async def worth(reactor: Any, url: str, currency: str) -> str:
    """The worth of 100 euros in a currency; raises ValueError with the service's reason."""
    params = {"amount": "100", "from": "EUR", "to": currency}
    answer = await treq.get(f"{url}/api/convert", params=params, timeout=10)
    body = await treq.json_content(answer).addTimeout(10, reactor)
    if answer.code != 200:
        raise ValueError(f"{answer.code}: {body['detail']}")
    return f"{body['result']} {body['to']}"


async def all_worths(reactor: Any, url: str) -> list[str]:
    """The worth in each currency, in their order; raises the first failure."""
    # A coroutine does nothing before it is awaited, so four awaits would send one request after another; fromCoroutine
    # starts it at once. asyncio's functions (gather, sleep, wait_for) do not work with Twisted's awaitables.
    asked = [Deferred.fromCoroutine(worth(reactor, url, currency)) for currency in CURRENCIES]
    try:
        # Without consumeErrors, failures after the first would be logged as unhandled.
        return await gatherResults(asked, consumeErrors=True)
    except FirstError as error:
        for each in asked:
            each.cancel()
        error.subFailure.raiseException()


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react."""
    try:
        print("100 EUR are " + ", ".join(await all_worths(reactor, url)))
    except Exception as error:
        raise SystemExit(f"with_await: {url}: {type(error).__name__}: {error}") from None


if __name__ == "__main__":
    react(main, sys.argv[1:2])
