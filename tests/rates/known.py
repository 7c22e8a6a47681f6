"""Rates as views read them, with a few known quotes."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from mixsvc.common import answers
from mixsvc.interfaces import Quote, SourceHealth
from mixsvc.rates.facade import RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.timeline import by_pair
from mixsvc.rates.news import news
from mixsvc.rates.remote import PushedRates, RemoteHistory, history_answers
from tests.rates.samples import NOW, moment

HEALTH = SourceHealth("ecb", "failing", NOW, 2, "no luck", NOW + timedelta(minutes=1))


def rates(*quotes: Quote) -> RatesFacade:
    """The rates after these quotes were polled, and this history was read."""
    table, history = RateTable(moment), RateHistory()
    table.publish(quotes)
    history.adopt(by_pair(quotes))
    return RatesFacade(table, history, lambda: [HEALTH], moment)


def remote_rates(*quotes: Quote) -> RatesFacade:
    """The same rates in another process: everything goes through bytes."""
    table, history = RateTable(moment), RateHistory()
    table.publish(quotes)
    history.adopt(by_pair(quotes))
    methods = history_answers(history)

    def ask(method: str, arguments: Sequence[object]) -> Any:
        asked, given = json.loads(json.dumps([method, arguments]))
        try:
            return answers.decode(answers.encode_value(methods[asked](*given)))
        except Exception as error:
            return answers.decode(answers.encode_error(error))

    pushed = PushedRates(moment, RemoteHistory(ask))
    pushed.take(news(table, RatesFacade(table, history, lambda: [HEALTH], moment)))
    return pushed.facade
