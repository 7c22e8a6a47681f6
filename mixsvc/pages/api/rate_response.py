"""How rates are answered: as JSON or as lines of text, with what a cache needs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from flask import json, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.wrappers import Response

from mixsvc.common.times import utc_seconds
from mixsvc.interfaces import Conversion, PriceHistory, Quote, SourceHealth

__all__ = ["conversion", "history", "picture", "quote", "quotes", "sources"]

# What may change with the next poll, and what only a correction of the past could change.
_LATEST: Final = "public, max-age=10"
_PAST: Final = "public, max-age=3600"
_NOW: Final = "no-cache"

_PICTURES: Final = {"png": "image/png", "svg": "image/svg+xml"}

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"


def quote(found: Quote, newest: Quote | None) -> Response:
    """One quote. newest: the latest of its pair, which tells whether this one is of the past."""
    return _answer(found.as_json(), [_line(found)], _lasting(found, newest))


def quotes(found: Sequence[Quote]) -> Response:
    """Several latest quotes."""
    return _answer({"quotes": [each.as_json() for each in found]}, map(_line, found), _LATEST)


def conversion(found: Conversion, newest: Quote | None) -> Response:
    """A conversion. newest: as in `quote`."""
    used = found.quote
    line = f"{found.amount:f} {used.base} {found.result:f} {used.quote} {_origin(used)}"
    return _answer(_conversion(found), [line], _lasting(used, newest))


def history(found: PriceHistory, asked: tuple[date, date], newest: Quote | None) -> Response:
    """A history of the range that was asked for. newest: as in `quote`."""
    lines = (f"{day.isoformat()} {price:f}" for day, price in found.points)
    return _answer(_history(found, *asked), lines, _caching(asked[1], newest))


def picture(drawn: bytes, form: str, newest: tuple[date, Quote | None]) -> Response:
    """A chart. form: png or svg. newest: the last date in it, and the latest quote of its pair."""
    response = Response(drawn, content_type=_PICTURES[form])
    return _cacheable(response, _caching(*newest))


def sources(found: Sequence[SourceHealth]) -> Response:
    """How the sources fare."""
    lines = (f"{each.name} {each.state} {each.failures} {each.last_error}".rstrip() for each in found)
    return _answer({"sources": [_health(each) for each in found]}, lines, _NOW)


def _conversion(found: Conversion) -> dict[str, object]:
    return {
        # Strings, so that no reader makes floats of them.
        "amount": format(found.amount, "f"),
        "from": found.quote.base,
        "to": found.quote.quote,
        "result": format(found.result, "f"),
        "decimals": found.decimals,
        "rounding": "half-even",
        "quote": found.quote.as_json(),
    }


def _history(found: PriceHistory, start: date, end: date) -> dict[str, object]:
    return {
        "base": found.base,
        "quote": found.quote,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "days": found.days,
        "sources": list(found.sources),
        "points": [{"date": day.isoformat(), "price": format(price, "f")} for day, price in found.points],
    }


def _health(found: SourceHealth) -> dict[str, object]:
    return {
        "name": found.name,
        "state": found.state,
        "last_success": _spelled(found.last_success),
        "failures": found.failures,
        "last_error": found.last_error,
        "next_try": _spelled(found.next_try),
    }


def _spelled(moment: datetime | None) -> str | None:
    return None if moment is None else utc_seconds(moment)


def _line(found: Quote) -> str:
    return f"{found.base}/{found.quote} {found.price:f} {_origin(found)}"


def _origin(found: Quote) -> str:
    return f"{found.date.isoformat()} {found.source}{' stale' if found.stale else ''}"


def _lasting(found: Quote, newest: Quote | None) -> str:
    # A stale one stands in for another, which may be filled in at any time.
    return _LATEST if found.stale else _caching(found.date, newest)


def _caching(last: date, newest: Quote | None) -> str:
    return _PAST if newest is None or last < newest.date else _LATEST


def _answer(document: Mapping[str, object], lines: Iterable[str], caching: str) -> Response:
    """The form that the request prefers, JSON if both will do; 304 when the client has it already."""
    # There is one text and one JSON, whatever parameters (a charset) they are asked for with.
    wanted = MIMEAccept([(kind.partition(";")[0].strip(), quality) for kind, quality in request.accept_mimetypes])
    if wanted.best_match([_JSON, _TEXT]) == _TEXT:
        response = Response("".join(f"{line}\n" for line in lines), content_type=f"{_TEXT}; charset=utf-8")
    else:
        response = Response(json.dumps(document) + "\n", content_type=_JSON)
    response.vary.add("Accept")
    return _cacheable(response, caching)


def _cacheable(response: Response, caching: str) -> Response:
    response.headers["Cache-Control"] = caching
    # Of the very bytes, so that it is a strong one (RFC 9110, 8.8.1).
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    return response.make_conditional(request)
