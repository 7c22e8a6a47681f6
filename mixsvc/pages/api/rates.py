"""The rates over HTTP: latest quotes and those of any day, histories, charts, conversions, health of the sources."""

from collections.abc import Sequence
from datetime import date

from flask import Blueprint
from werkzeug.wrappers import Response

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import IMix, Quote, charts
from mixsvc.pages.api import rate_errors, rate_response
from mixsvc.pages.api.rate_query import RateQuery, parameter

__all__ = ["blueprint"]


def blueprint(mix: IMix) -> Blueprint:
    """Returns the routes below /api (docs/reference/rates-api.md). They read snapshots; only charts wait."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.get("/rates")
    def all_rates() -> Response:
        return _all_rates(mix)

    @api.get("/rates/<base>/<quote>")
    def one_rate(base: str, quote: str) -> Response:
        return _one_rate(RateQuery(mix.rates, base, quote))

    @api.get("/rates/<base>/<quote>/history")
    def history(base: str, quote: str) -> Response:
        return _history(RateQuery(mix.rates, base, quote))

    @api.get("/rates/<base>/<quote>/chart.png", defaults={"form": "png"})
    @api.get("/rates/<base>/<quote>/chart.svg", defaults={"form": "svg"})
    def chart(base: str, quote: str, form: str) -> Response:
        return _chart(RateQuery(mix.rates, base, quote), mix, form)

    @api.get("/convert")
    def convert() -> Response:
        return _convert(RateQuery.by_query(mix.rates))

    @api.get("/rates/sources")
    def sources() -> Response:
        return rate_response.sources(mix.rates.sources())

    api.after_request(_uncached)
    return api


def _uncached(response: Response) -> Response:
    # For refusals: the next attempt may succeed.
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _all_rates(mix: IMix) -> Response:
    base = parameter("base")
    pairs = mix.pairs if base is None else _pairs_of(RateQuery(mix.rates, base, base))
    found = [mix.rates.latest(*pair) for pair in pairs]
    return rate_response.quotes([quote for quote in found if quote is not None])


def _pairs_of(query: RateQuery) -> Sequence[tuple[str, str]]:
    base, _ = query.pair
    if query.rates.latest(base, base) is None:
        rate_errors.no_quote(query, None)
    return [(base, code) for code in query.rates.currencies() if code != base]


def _one_rate(query: RateQuery) -> Response:
    day = query.day("date")
    found = query.rates.latest(*query.pair) if day is None else query.rates.on(*query.pair, day)
    if found is None:
        rate_errors.no_quote(query, day)
    return rate_response.quote(found, _quote_caching(query, found))


def _convert(query: RateQuery) -> Response:
    day = query.day("date")
    found = query.rates.convert(query.amount(), *query.pair, day)
    if found is None:
        rate_errors.no_quote(query, day)
    return rate_response.conversion(found, _quote_caching(query, found.quote))


def _history(query: RateQuery) -> Response:
    span = query.rates.span(*query.pair)
    if span is None:
        rate_errors.no_past(query)
    start, end = query.range(span)
    found = query.rates.history(*query.pair, start, end, query.points())
    if not found.points and not query.rates.is_complete():
        rate_errors.no_past(query)
    return rate_response.history(found, (start, end), _caching(query, end))


def _chart(query: RateQuery, mix: IMix, form: str) -> Response:
    span = query.rates.span(*query.pair)
    if span is None:
        rate_errors.no_past(query)
    found = query.rates.history(*query.pair, *query.days(span), charts.MAX_POINTS)
    if not found.points:
        rate_errors.no_past(query)
    if mix.charts is None:
        rate_errors.no_charts()
    try:
        drawn = mix.charts.picture(found, form)
    except ServiceBusy:
        rate_errors.no_chart()
    return rate_response.picture(drawn, form, _caching(query, found.points[-1][0]))


def _quote_caching(query: RateQuery, found: Quote) -> str:
    # A stale quote stands in for a missing one, which may be filled in at any time.
    return rate_response.LATEST if found.stale else _caching(query, found.date)


def _caching(query: RateQuery, last: date) -> str:
    """Returns how long caches may keep what is known up to a day."""
    newest = query.rates.latest(*query.pair)
    is_past = query.rates.is_complete() and (newest is None or last < newest.date)
    return rate_response.PAST if is_past else rate_response.LATEST
