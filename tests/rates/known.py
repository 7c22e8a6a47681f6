"""Rates as views read them, with a few known quotes."""

from datetime import timedelta

from mixsvc.interfaces import Quote, SourceHealth
from mixsvc.rates.facade import RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.timeline import by_pair
from tests.rates.samples import NOW, moment

HEALTH = SourceHealth("ecb", "failing", NOW, 2, "no luck", NOW + timedelta(minutes=1))


def rates(*quotes: Quote) -> RatesFacade:
    """The rates after these quotes were polled, and this history was read."""
    table, history = RateTable(moment), RateHistory()
    table.publish(quotes)
    history.adopt(by_pair(quotes))
    return RatesFacade(table, history, lambda: [HEALTH], moment)
