"""The routes of the rates: views for hosts without our reactor, and charts, which are drawn in other processes."""

from flask import Blueprint, Response

from mixsvc.answers import rate_errors, rate_forms
from mixsvc.answers.answer import Answer
from mixsvc.answers.past import KeptHistories
from mixsvc.answers.rate_query import RateQuery, parameters
from mixsvc.answers.rates import RateAnswers, caching_of
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import IMix, charts
from mixsvc.pages.api.answering import asked, sent

__all__ = ["blueprint"]


def blueprint(mix: IMix) -> Blueprint:
    """Returns the routes below /api (docs/reference/rates-api.md). They read snapshots; only charts wait."""
    api = Blueprint("api", __name__, url_prefix="/api")
    answers = RateAnswers(mix, KeptHistories().made)

    @api.get("/rates")
    def all_rates() -> Response:
        return sent(answers.all_rates(asked()))

    @api.get("/rates/<base>/<quote>")
    def one_rate(base: str, quote: str) -> Response:
        return sent(answers.one_rate(asked(), base, quote))

    @api.get("/rates/<base>/<quote>/history")
    def history(base: str, quote: str) -> Response:
        return sent(answers.history(asked(), base, quote))

    @api.get("/rates/<base>/<quote>/chart.png", defaults={"form": "png"})
    @api.get("/rates/<base>/<quote>/chart.svg", defaults={"form": "svg"})
    def chart(base: str, quote: str, form: str) -> Response:
        return sent(_chart(RateQuery(mix.rates, parameters("chart", asked().query), base, quote), mix, form))

    @api.get("/convert")
    def convert() -> Response:
        return sent(answers.convert(asked()))

    @api.get("/rates/sources")
    def sources() -> Response:
        return sent(answers.sources(asked()))

    api.after_request(_uncached)
    return api


def _uncached(response: Response) -> Response:
    # For refusals: the next attempt may succeed.
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _chart(query: RateQuery, mix: IMix, form: str) -> Answer:
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
    return rate_forms.picture(asked(), drawn, form, caching_of(query, found.points[-1][0]))
