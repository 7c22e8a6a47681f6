"""Responses with rates: JSON, lines of text or a table, with the headers for caches."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from flask import json, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.wrappers import Response

from mixsvc.common.times import utc_seconds
from mixsvc.interfaces import Conversion, PriceHistory, Quote, SourceHealth
from mixsvc.pages.api import rate_csv

__all__ = ["LATEST", "PAST", "conversion", "history", "picture", "quote", "quotes", "sources"]

# For caches: what may change with the next poll, what only a correction of the past changes, and what changes any time.
LATEST: Final = "public, max-age=10"
PAST: Final = "public, max-age=3600"
_NOW: Final = "no-cache"

_PICTURES: Final = {"png": "image/png", "svg": "image/svg+xml"}

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"

# Points of a history that are encoded at a time, in less than a millisecond.
_PART: Final = 500


@dataclass(frozen=True)
class _Forms:
    """The forms of one answer, of which one is sent. document: writes it as JSON. table: None if it has none."""

    document: Callable[[], str]
    lines: Iterable[str]
    table: rate_csv.Table | None = None


def quote(found: Quote, caching: str) -> Response:
    """Returns one quote. caching: LATEST or PAST."""
    table = rate_csv.of_quotes([found], f"{found.base}-{found.quote}")
    return _answer(_Forms(lambda: json.dumps(found.as_json()), [_line(found)], table), caching)


def quotes(found: Sequence[Quote]) -> Response:
    """Returns several latest quotes."""
    table = rate_csv.of_quotes(found, "rates")
    document = {"quotes": [each.as_json() for each in found]}
    return _answer(_Forms(lambda: json.dumps(document), map(_line, found), table), LATEST)


def conversion(found: Conversion, caching: str) -> Response:
    """Returns a conversion. caching: as in `quote`."""
    used = found.quote
    line = f"{found.amount:f} {used.base} {found.result:f} {used.quote} {_origin(used)}"
    return _answer(_Forms(lambda: json.dumps(_conversion(found)), [line]), caching)


def history(found: PriceHistory, asked: tuple[date, date], caching: str) -> Response:
    """Returns a history. asked: its first and last day. caching: as in `quote`."""
    lines = (f"{day.isoformat()} {price:f}" for day, price in found.points)
    forms = _Forms(lambda: _history(found, *asked), lines, rate_csv.of_history(found))
    return _answer(forms, caching)


def picture(drawn: bytes, form: str, caching: str) -> Response:
    """Returns a chart. form: png or svg. caching: as in `quote`."""
    response = Response(drawn, content_type=_PICTURES[form])
    return _cacheable(response, caching)


def sources(found: Sequence[SourceHealth]) -> Response:
    """Returns the health of the sources."""
    lines = (f"{each.name} {each.state} {each.failures} {each.last_error}".rstrip() for each in found)
    return _answer(_Forms(lambda: json.dumps({"sources": [_health(each) for each in found]}), lines), _NOW)


def _conversion(found: Conversion) -> dict[str, object]:
    return {
        # Strings, so that no client reads floats.
        "amount": format(found.amount, "f"),
        "from": found.quote.base,
        "to": found.quote.quote,
        "result": format(found.result, "f"),
        "decimals": found.decimals,
        "rounding": "half-even",
        "quote": found.quote.as_json(),
    }


def _history(found: PriceHistory, start: date, end: date) -> str:
    head = {
        "base": found.base,
        "quote": found.quote,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "days": found.days,
        "sources": list(found.sources),
        "gaps": [{"from": last.isoformat(), "to": following.isoformat()} for last, following in found.gaps],
    }
    points = [{"date": day.isoformat(), "price": format(price, "f")} for day, price in found.points]
    # In parts: while one is encoded, no other thread runs.
    parts = [json.dumps(points[at : at + _PART])[1:-1] for at in range(0, len(points), _PART)]
    return f'{json.dumps(head)[:-1]}, "points": [{", ".join(parts)}]}}'


def _health(found: SourceHealth) -> dict[str, object]:
    return {
        "name": found.name,
        "state": found.state,
        "last_success": _optional_time(found.last_success),
        "failures": found.failures,
        "last_error": found.last_error,
        "next_try": _optional_time(found.next_try),
    }


def _optional_time(moment: datetime | None) -> str | None:
    return None if moment is None else utc_seconds(moment)


def _line(found: Quote) -> str:
    return f"{found.base}/{found.quote} {found.price:f} {_origin(found)}"


def _origin(found: Quote) -> str:
    return f"{found.date.isoformat()} {found.source}{' stale' if found.stale else ''}"


def _answer(forms: _Forms, caching: str) -> Response:
    """Returns the form that the client prefers, JSON if it accepts all; 304 if it has the response already."""
    kinds = [_JSON, _TEXT, *([] if forms.table is None else [rate_csv.KIND])]
    # Without the parameters of media types, such as a charset: there is one text, one table and one JSON.
    wanted = MIMEAccept([(kind.partition(";")[0].strip(" \t"), quality) for kind, quality in request.accept_mimetypes])
    kind = wanted.best_match(kinds)
    if kind == rate_csv.KIND and forms.table is not None:
        response = rate_csv.response(forms.table)
    elif kind == _TEXT:
        response = Response("".join(f"{line}\n" for line in forms.lines), content_type=f"{_TEXT}; charset=utf-8")
    else:
        response = Response(f"{forms.document()}\n", content_type=_JSON)
    response.vary.add("Accept")
    return _cacheable(response, caching)


def _cacheable(response: Response, caching: str) -> Response:
    response.headers["Cache-Control"] = caching
    # From the bytes themselves, so it is a strong validator (RFC 9110, 8.8.1).
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    return response.make_conditional(request)
