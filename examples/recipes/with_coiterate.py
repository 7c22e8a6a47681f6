"""A long computation in the reactor's own thread, in small steps, with coiterate: the deepest fall of the euro.

python with_coiterate.py [URL]
"""

import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import treq
from twisted.internet.task import LoopingCall, coiterate, react


class DeepestFall:
    """The largest share that the price lost between a day and a later one; `lost` is final once `steps` has ended."""

    def __init__(self, prices: Sequence[Decimal]) -> None:
        self._prices = prices
        # coiterate returns no result, so the iterator stores it here.
        self.lost = Decimal(0)

    def steps(self) -> Iterator[None]:
        """Compare each day with all later ones, by the slow method; a step is one day."""
        for index, price in enumerate(self._prices):
            for later in self._prices[index:]:
                self.lost = max(self.lost, 1 - later / price)
            # The reactor can do something else only here, so one step blocks everybody while it lasts. coiterate takes
            # steps for 10 ms at a time, so they may be as short as this one.
            yield


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react."""
    try:
        answer = await treq.get(f"{url}/api/rates/EUR/USD/history?from=1999-01-04&points=1000", timeout=10)
        body = await treq.json_content(answer).addTimeout(10, reactor)
        if answer.code != 200:
            raise ValueError(f"{answer.code}: {body['detail']}")
    except Exception as error:
        raise SystemExit(f"with_coiterate: {url}: {type(error).__name__}: {error}") from None
    fall = DeepestFall([Decimal(point["price"]) for point in body["points"]])
    # Stands for everything else that a service does.
    turns: list[None] = []
    others = LoopingCall(turns.append, None)
    others.clock = reactor
    others.start(0.01)
    await coiterate(fall.steps())
    others.stop()
    print(f"the euro's deepest fall in dollars: {fall.lost:.1%}; the reactor did something else {len(turns)} times")


if __name__ == "__main__":
    react(main, sys.argv[1:2])
