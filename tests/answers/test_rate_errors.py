"""What a refusal reads of the past: it is built in the reactor."""

import pytest

from mixsvc.answers.answer import RefusedAnswer
from mixsvc.answers.rate_errors import no_quote
from mixsvc.answers.rate_query import RateQuery, parameters
from mixsvc.rates.facade import RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.model.timeline import Timeline, by_pair
from mixsvc.rates.model.timelines import Timelines, UnreadTimeline
from tests.rates.samples import moment, quote


def test_of_a_currency_that_is_no_longer_quoted_only_its_own_past_is_read() -> None:
    read: list[str] = []

    def unread(timeline: Timeline) -> UnreadTimeline:
        def make() -> Timeline:
            read.append(timeline.quote)
            return timeline

        return UnreadTimeline(make, timeline.days)

    quotes = [quote(), quote("HRK", "7.5365", "2022-12-30", "archive")]
    table, history = RateTable(moment), RateHistory()
    table.publish(quotes)
    history.adopt(Timelines({pair: unread(each) for pair, each in by_pair(quotes).items()}))
    facade = RatesFacade(table, history, tuple, moment)

    with pytest.raises(RefusedAnswer) as refused:
        no_quote(RateQuery(facade, parameters("one_rate", ""), "EUR", "HRK"), None)

    assert (refused.value.answer.status, read) == (404, ["HRK"])
