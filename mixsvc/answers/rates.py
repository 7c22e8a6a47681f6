"""The rates over HTTP: latest quotes and those of any day, conversions, histories, health of the sources."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date

from mixsvc.answers import rate_errors, rate_forms
from mixsvc.answers.answer import Answer
from mixsvc.answers.asked import Asked, Parameters
from mixsvc.answers.codings import coding_of, compressed, tag_in
from mixsvc.answers.past import FindHistory, WrittenHistory
from mixsvc.answers.rate_query import RateQuery, parameters
from mixsvc.interfaces import IMix, Quote

__all__ = ["RateAnswers", "caching_of"]


class RateAnswers:
    """The answers of docs/reference/rates-api.md, but for charts. Read in any thread; all raise RefusedAnswer.

    Where the past is in another process ([web] processes), those that need it wait for that and raise ServiceBusy.
    """

    def __init__(self, mix: IMix, find: FindHistory) -> None:
        """find: finds or writes histories; what it raises is raised here."""
        self._mix = mix
        self._find = find

    def all_rates(self, asked: Asked) -> Answer:
        """GET /api/rates"""
        given = parameters("all_rates", asked.query)
        base = given.one("base")
        pairs = self._mix.pairs if base is None else _pairs_of(RateQuery(self._mix.rates, given, base, base))
        found = [self._mix.rates.latest(*pair) for pair in pairs]
        return rate_forms.quotes(asked, [quote for quote in found if quote is not None])

    def one_rate(self, asked: Asked, base: str, quote: str) -> Answer:
        """GET /api/rates/EUR/USD"""
        query = self._query("one_rate", asked, base, quote)
        day = query.day("date")
        found = query.rates.latest(*query.pair) if day is None else query.rates.on(*query.pair, day)
        if found is None:
            rate_errors.no_quote(query, day)
        return rate_forms.quote(asked, found, _quote_caching(query, found))

    def convert(self, asked: Asked) -> Answer:
        """GET /api/convert"""
        query = RateQuery.by_query(self._mix.rates, parameters("convert", asked.query))
        day = query.day("date")
        found = query.rates.convert(query.amount(), *query.pair, day)
        if found is None:
            rate_errors.no_quote(query, day)
        return rate_forms.conversion(asked, found, _quote_caching(query, found.quote))

    def history(self, asked: Asked, base: str, quote: str) -> Answer:
        """GET /api/rates/EUR/USD/history"""
        query = self._query("history", asked, base, quote)
        # Before anything is read: what changes meanwhile has another version.
        version, is_complete = query.rates.version(), query.rates.is_complete()
        span = query.rates.span(*query.pair)
        if span is None:
            rate_errors.no_past(query)
        days, points, kind = query.range(span), query.points(), rate_forms.kind_of_table(asked)

        def write() -> bytes:
            found = query.rates.history(*query.pair, *days, points)
            if not found.points and not query.rates.is_complete():
                rate_errors.no_past(query)
            return rate_forms.write_history(kind, found, days)

        key = None if version is None else (version, is_complete, span, query.pair, days, points, kind)
        written = self._find(key, write)
        sent = self._in_coding(key, written, coding_of(asked, written.body))
        return rate_forms.history(asked, kind, sent, "-".join(query.pair), caching_of(query, days[1]))

    def sources(self, asked: Asked) -> Answer:
        """GET /api/rates/sources"""
        return rate_forms.sources(asked, self._mix.rates.sources())

    def _in_coding(self, key: Hashable, written: WrittenHistory, coding: str) -> WrittenHistory:
        if not coding:
            return written
        found = self._find(None if key is None else (key, coding), lambda: compressed(written.body))
        return replace(found, tag=tag_in(written.tag, coding), coding=coding)

    def _query(self, route: str, asked: Asked, base: str, quote: str) -> RateQuery:
        given: Parameters = parameters(route, asked.query)
        return RateQuery(self._mix.rates, given, base, quote)


def _pairs_of(query: RateQuery) -> Sequence[tuple[str, str]]:
    base, _ = query.pair
    if query.rates.latest(base, base) is None:
        rate_errors.no_quote(query, None)
    return [(base, code) for code in query.rates.currencies() if code != base]


def _quote_caching(query: RateQuery, found: Quote) -> str:
    # A stale quote stands in for a missing one, which may be filled in at any time.
    return rate_forms.LATEST if found.stale else caching_of(query, found.date)


def caching_of(query: RateQuery, last: date) -> str:
    """Returns how long caches may keep what is known up to a day."""
    newest = query.rates.latest(*query.pair)
    is_past = query.rates.is_settled() and (newest is None or last < newest.date)
    return rate_forms.PAST if is_past else rate_forms.LATEST
