"""Heavy computation in a pool of processes, with Ampoule: how much four currencies vary.

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
    """The arguments and results of a call to a child. A value has at most 65535 bytes: too few for a file."""

    arguments = [(b"prices", amp.ListOf(amp.Decimal()))]
    response = [(b"share", amp.Decimal())]


class Worker(AMPChild):  # type: ignore[misc]  # what it inherits from has no types
    """Runs in a child process, where it may compute for as long as it takes without blocking anybody."""

    @Variation.responder
    def variation(self, prices: list[Decimal]) -> dict[str, Decimal]:
        return {"share": pstdev(prices) / mean(prices)}


async def variation(reactor: Any, pool: Any, url: str, currency: str) -> str:
    """The standard deviation of a currency's prices since 2020, in parts of their mean."""
    answer = await treq.get(f"{url}/api/rates/EUR/{currency}/history?from=2020-01-01", timeout=10)
    body = await treq.json_content(answer).addTimeout(10, reactor)
    if answer.code != 200:
        raise ValueError(f"{answer.code}: {body['detail']}")
    # AMP is binary: every value has a declared type such as a number, text or date; objects cannot be sent.
    result = await pool.doWork(Variation, prices=[Decimal(point["price"]) for point in body["points"]])
    return f"{currency} {result['share']:.1%}"


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react."""
    # A child imports the worker by its module's name, which must not be __main__. By default it has no environment.
    worker = import_module("with_ampoule").Worker
    starter = ProcessStarter(env=dict(os.environ), packages=("with_ampoule",))
    # After timeout seconds a child is killed and replaced, and its call fails.
    pool = ProcessPool(worker, min=2, max=2, starter=starter, timeout=30)
    await pool.start()
    try:
        asked = [Deferred.fromCoroutine(variation(reactor, pool, url, each)) for each in CURRENCIES]
        print(", ".join(await gatherResults(asked, consumeErrors=True)))
    except FirstError as error:
        raise SystemExit(f"with_ampoule: {url}: {error.subFailure.value!r}") from None
    finally:
        # Ends the children, and waits for them.
        await pool.stop()


if __name__ == "__main__":
    react(main, sys.argv[1:2])
