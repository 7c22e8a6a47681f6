"""Heavy computation in processes that stay, with Ampoule: how much four currencies vary.

python with_ampoule.py [URL]
"""

import os
import sys
from decimal import Decimal
from importlib import import_module
from statistics import mean, pstdev
from typing import Any

import treq
from ampoule import AMPChild  # type: ignore[import-untyped]  # has no types
from ampoule.main import ProcessStarter  # type: ignore[import-untyped]
from ampoule.pool import ProcessPool  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.task import react
from twisted.protocols import amp

CURRENCIES = ("USD", "GBP", "JPY", "CHF")


class Variation(amp.Command):
    """What goes to a child and comes back. A value has 65535 bytes at most: this is for numbers, not for files."""

    arguments = [(b"prices", amp.ListOf(amp.Decimal()))]
    response = [(b"share", amp.Decimal())]


class Worker(AMPChild):  # type: ignore[misc]  # what it inherits from has no types
    """Lives in a child, where it may compute as long as it likes: nobody else waits there."""

    @Variation.responder
    def variation(self, prices: list[Decimal]) -> dict[str, Decimal]:
        return {"share": pstdev(prices) / mean(prices)}


async def variation(reactor: Any, pool: Any, url: str, currency: str) -> str:
    """The standard deviation of a currency's prices since 2020, in parts of their mean."""
    answer = await treq.get(f"{url}/api/rates/EUR/{currency}/history?from=2020-01-01", timeout=10)
    body = await treq.json_content(answer).addTimeout(10, reactor)
    if answer.code != 200:
        raise ValueError(f"{answer.code}: {body['detail']}")
    # AMP is binary: numbers, texts and dates have to be said by type, and objects do not pass.
    result = await pool.doWork(Variation, prices=[Decimal(point["price"]) for point in body["points"]])
    return f"{currency} {result['share']:.1%}"


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """What react runs."""
    # A child imports the worker by its name, and this script is not __main__ there. By default it has no environment.
    worker = import_module("with_ampoule").Worker
    starter = ProcessStarter(env=dict(os.environ), packages=("with_ampoule",))
    # timeout: after so many seconds a child is killed, its call fails, and another one takes its place.
    pool = ProcessPool(worker, min=2, max=2, starter=starter, timeout=30)
    await pool.start()
    try:
        asked = [Deferred.fromCoroutine(variation(reactor, pool, url, each)) for each in CURRENCIES]
        print(", ".join(await gatherResults(asked, consumeErrors=True)))
    except FirstError as error:
        raise SystemExit(f"with_ampoule: {url}: {error.subFailure.value!r}") from None
    finally:
        # Its children are asked to end, and waited for.
        await pool.stop()


if __name__ == "__main__":
    react(main, sys.argv[1:2])
