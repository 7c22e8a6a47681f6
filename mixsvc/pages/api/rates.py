"""The rates over HTTP: the latest, those of any day, histories, conversions and how the sources fare."""

from collections.abc import Sequence

from flask import Blueprint
from werkzeug.wrappers import Response

from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import IMix, Quote, charts
from mixsvc.pages.api import rate_errors, rate_response
from mixsvc.pages.api.rate_query import Asked, given

__all__ = ["blueprint"]


def blueprint(mix: IMix) -> Blueprint:
    """The routes below /api, as docs/reference/rates-api.md describes them. They read snapshots; only charts wait."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.get("/rates")
    def all_rates() -> Response:
        return _all_rates(mix)

    @api.get("/rates/<base>/<quote>")
    def one_rate(base: str, quote: str) -> Response:
        return _one_rate(Asked(mix.rates, base, quote))

    @api.get("/rates/<base>/<quote>/history")
    def history(base: str, quote: str) -> Response:
        return _history(Asked(mix.rates, base, quote))

    @api.get("/rates/<base>/<quote>/chart.png", defaults={"form": "png"})
    @api.get("/rates/<base>/<quote>/chart.svg", defaults={"form": "svg"})
    def chart(base: str, quote: str, form: str) -> Response:
        return _chart(Asked(mix.rates, base, quote), mix, form)

    @api.get("/convert")
    def convert() -> Response:
        return _convert(Asked.by_query(mix.rates))

    @api.get("/rates/sources")
    def sources() -> Response:
        return rate_response.sources(mix.rates.sources())

    api.after_request(_uncached)
    return api


def _uncached(response: Response) -> Response:
    # Refusals, which a moment later may be none.
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _all_rates(mix: IMix) -> Response:
    base = given("base")
    pairs = mix.pairs if base is None else _pairs_of(Asked(mix.rates, base, base))
    found = [mix.rates.latest(*pair) for pair in pairs]
    return rate_response.quotes([quote for quote in found if quote is not None])


def _pairs_of(asked: Asked) -> Sequence[tuple[str, str]]:
    base, _ = asked.pair
    if _newest(asked) is None:
        rate_errors.no_quote(asked, None)
    return [(base, code) for code in asked.rates.currencies() if code != base]


def _one_rate(asked: Asked) -> Response:
    day = asked.day("date")
    found = asked.rates.latest(*asked.pair) if day is None else asked.rates.on(*asked.pair, day)
    if found is None:
        rate_errors.no_quote(asked, day)
    return rate_response.quote(found, _newest(asked))


def _convert(asked: Asked) -> Response:
    day = asked.day("date")
    found = asked.rates.convert(asked.amount(), *asked.pair, day)
    if found is None:
        rate_errors.no_quote(asked, day)
    return rate_response.conversion(found, _newest(asked))


def _history(asked: Asked) -> Response:
    span = asked.rates.span(*asked.pair)
    if span is None:
        rate_errors.no_past(asked)
    start, end = asked.range(span)
    found = asked.rates.history(*asked.pair, start, end, asked.points())
    return rate_response.history(found, (start, end), _newest(asked))


def _chart(asked: Asked, mix: IMix, form: str) -> Response:
    span = asked.rates.span(*asked.pair)
    if span is None:
        rate_errors.no_past(asked)
    found = asked.rates.history(*asked.pair, *asked.days(span), charts.MAX_POINTS)
    if not found.points:
        rate_errors.no_past(asked)
    if mix.charts is None:
        rate_errors.no_charts()
    try:
        drawn = mix.charts.picture(found, form)
    except ServiceBusy:
        rate_errors.no_chart()
    return rate_response.picture(drawn, form, (found.points[-1][0], _newest(asked)))


def _newest(asked: Asked) -> Quote | None:
    return asked.rates.latest(*asked.pair)
