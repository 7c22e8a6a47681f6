"""The HTTP API: the latest quotes as JSON."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from flask import Blueprint, Response, jsonify

from mixsvc.interfaces import IMix, IRates
from mixsvc.web.problems import problem

__all__ = ["blueprint"]

# How soon somebody who got no quote may ask again, in seconds; a poll comes about that often.
RETRY_SECONDS = 30

# How much of a stranger's text an answer repeats.
SHOWN_CHARS = 20


def blueprint(mix: IMix) -> Blueprint:
    """The routes below /api; they read snapshots and never block."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.get("/rates")
    def all_rates() -> Response:
        quotes = [mix.rates.latest(base, quote) for base, quote in mix.pairs]
        return jsonify(quotes=[quote.as_json() for quote in quotes if quote is not None])

    @api.get("/rates/<base>/<quote>")
    def one_rate(base: str, quote: str) -> Response:
        return _one_rate(mix.rates, base, quote)

    @api.after_request
    def no_cache(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-cache"
        return response

    return api


def _one_rate(rates: IRates, base: str, quote: str) -> Response:
    for code in (base, quote):
        if not re.fullmatch("[A-Za-z]{3}", code):
            return _unknown(code, "is no currency code; give three letters such as EUR", rates.currencies())
    known = rates.currencies()
    for code in (base.upper(), quote.upper()):
        if known and code not in known:
            return _unknown(code, "is not a currency known here", known)
    found = rates.latest(base.upper(), quote.upper())
    return jsonify(found.as_json()) if found else _no_quote(base.upper(), quote.upper())


def _unknown(code: str, why: str, known: Sequence[str]) -> Response:
    shown = code if len(code) <= SHOWN_CHARS else code[:SHOWN_CHARS] + "…"
    near = get_close_matches(shown.upper(), known, n=3, cutoff=0.5)
    advice = f"; did you mean {' or '.join(near)}?" if near else "."
    return problem(404, f"{shown!r} {why}{advice}", suggestions=near)


def _no_quote(base: str, quote: str) -> Response:
    answer = problem(503, f"There is no quote of {base}/{quote} at the moment; ask again in {RETRY_SECONDS} s.")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer
