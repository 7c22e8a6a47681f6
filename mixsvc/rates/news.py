"""Tells other processes of the same service what changes in the rates; mixsvc.rates.remote reads it there."""

import json
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from mixsvc.interfaces.rate_forms import health_as_json, quote_as_json
from mixsvc.rates.facade import RatesFacade
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.service import RatesService

__all__ = ["LOOK_SECONDS", "RateNews", "news"]

# How often it looks at the health of the sources, and whether the past is complete, in seconds.
LOOK_SECONDS: Final = 1.0


class RateNews:
    """Sends all that views read without waiting: at each change of quotes, and within a second of any other change.

    Used in the reactor thread.
    """

    def __init__(self, clock: IReactorTime, rates: RatesService, send: Callable[[bytes], object]) -> None:
        """send: is given what PushedRates.take takes."""
        self._rates = rates
        self._send = send
        self._sent: object = None
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def start(self) -> None:
        """Send what is known now, and each change from now on."""
        self._rates.add_listener(self._send_all)
        self._loop.start(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop looking; changes of quotes are sent as long as there are any."""
        if self._loop.running:
            self._loop.stop()

    def payload(self) -> bytes:
        """Returns all of it as it is now."""
        return news(self._rates.table, self._rates.facade)

    def _look(self) -> None:
        if self._others() != self._sent:
            self._send_all()

    def _send_all(self) -> None:
        self._sent = self._others()
        self._send(self.payload())

    def _others(self) -> object:
        """What changes without a call of the listener."""
        return tuple(self._rates.facade.sources()), self._rates.facade.past()


def news(table: RateTable, rates: RatesFacade) -> bytes:
    """Returns what PushedRates.take takes. rates: its sources and past are read."""
    quotes, last_day = table.contents()
    found = {
        "quotes": [quote_as_json(each) for each in quotes],
        "last_day": last_day.isoformat(),
        "sources": [health_as_json(each) for each in rates.sources()],
        "past": rates.past().value,
    }
    return json.dumps(found).encode()
