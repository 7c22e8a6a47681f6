"""Responses with rates: JSON, lines of text or a table, with the headers for caches."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from mixsvc.answers import rate_csv
from mixsvc.answers.answer import Answer, make_answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import coding_of, in_coding, tag_in
from mixsvc.answers.conditional import conditional, tag_of
from mixsvc.answers.past import WrittenHistory
from mixsvc.common.records import record
from mixsvc.common.times import utc_seconds
from mixsvc.interfaces import Conversion, PriceHistory, Quote, SourceHealth

__all__ = [
    "LATEST",
    "PAST",
    "conversion",
    "history",
    "kind_of_table",
    "picture",
    "quote",
    "quotes",
    "sources",
    "write_history",
]

# For caches: what may change with the next poll, what only a correction of the past changes, and what changes any time.
LATEST: Final = "public, max-age=10"
PAST: Final = "public, max-age=3600"
_NOW: Final = "no-cache"

_PICTURES: Final = {"png": "image/png", "svg": "image/svg+xml"}

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_CONTENT_TYPES: Final = {
    _JSON: b"application/json",
    _TEXT: b"text/plain; charset=utf-8",
    rate_csv.KIND: b"text/csv; charset=utf-8",
}

# What an answer can be, with a table and without, in the order of preference.
_KINDS: Final = (_JSON, _TEXT)
_KINDS_WITH_TABLE: Final = (*_KINDS, rate_csv.KIND)

# Points of a history that are encoded at a time, in less than a millisecond.
_PART: Final = 500


@record
class _Forms:
    """The forms of one answer, of which one is sent. document: writes it as JSON. table: None if it has none."""

    document: Callable[[], str]
    lines: Iterable[str]
    table: rate_csv.Table | None = None

    def write(self, kind: str) -> bytes:
        """Returns the bytes of one form."""
        if kind == rate_csv.KIND and self.table is not None:
            return rate_csv.written(self.table).encode()
        if kind == _TEXT:
            return "".join(f"{line}\n" for line in self.lines).encode()
        return f"{self.document()}\n".encode()


def quote(asked: Asked, found: Quote, caching: str) -> Answer:
    """Returns one quote. caching: LATEST or PAST."""
    table = rate_csv.of_quotes([found], f"{found.base}-{found.quote}")
    return _answer(asked, _Forms(lambda: _dumps(found.as_json()), [_line(found)], table), caching)


def quotes(asked: Asked, found: Sequence[Quote]) -> Answer:
    """Returns several latest quotes."""
    table = rate_csv.of_quotes(found, "rates")
    forms = _Forms(lambda: _dumps({"quotes": [each.as_json() for each in found]}), map(_line, found), table)
    return _answer(asked, forms, LATEST)


def conversion(asked: Asked, found: Conversion, caching: str) -> Answer:
    """Returns a conversion. caching: as in `quote`."""
    used = found.quote
    line = f"{found.amount:f} {used.base} {found.result:f} {used.quote} {_origin(used)}"
    return _answer(asked, _Forms(lambda: _dumps(_conversion(found)), [line]), caching)


def kind_of_table(asked: Asked) -> str:
    """Returns the media type that the client prefers of an answer that can be a table."""
    return _kind(asked.header("accept"), _KINDS_WITH_TABLE)


def write_history(kind: str, found: PriceHistory, asked: tuple[date, date]) -> bytes:
    """Returns the bytes of a history. kind: see kind_of_table. asked: its first and last day. Takes milliseconds."""
    lines = (f"{day.isoformat()} {price:f}" for day, price in found.points)
    return _Forms(lambda: _history(found, *asked), lines, rate_csv.of_history(found)).write(kind)


def history(asked: Asked, kind: str, written: WrittenHistory, name: str, caching: str) -> Answer:
    """Returns what `write_history` wrote. name: of the table. caching: as in `quote`."""
    coding = ((b"Content-Encoding", written.coding.encode("ascii")),) if written.coding else ()
    return _checked(asked, _typed(kind, written.body, name).having(*coding), written.tag, caching)


def picture(asked: Asked, drawn: bytes, form: str, caching: str) -> Answer:
    """Returns a chart. form: png or svg. caching: as in `quote`."""
    # A PNG is compressed by itself.
    coding = coding_of(asked, drawn) if form == "svg" else ""
    tag = tag_in(tag_of(drawn), coding)
    vary = ((b"Vary", b"Accept-Encoding"),) if form == "svg" else ()
    answer = make_answer(200, _PICTURES[form].encode(), drawn, (*vary, *_cached(caching, tag)))
    return conditional(asked.headers, in_coding(answer, coding), tag)


def sources(asked: Asked, found: Sequence[SourceHealth]) -> Answer:
    """Returns the health of the sources."""
    lines = (f"{each.name} {each.state} {each.failures} {each.last_error}".rstrip() for each in found)
    return _answer(asked, _Forms(lambda: _dumps({"sources": [_health(each) for each in found]}), lines), _NOW)


def _dumps(value: object) -> str:
    return json.dumps(value, sort_keys=True)


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
    return f'{_dumps(head)[:-1]}, "points": [{", ".join(parts)}]}}'


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


def _answer(asked: Asked, forms: _Forms, caching: str) -> Answer:
    """Returns the form that the client prefers, JSON if it accepts all; 304 if it has the response already."""
    kind = _kind(asked.header("accept"), _KINDS if forms.table is None else _KINDS_WITH_TABLE)
    body = forms.write(kind)
    return _sent(asked, _typed(kind, body, forms.table.name if forms.table else ""), tag_of(body), caching)


@lru_cache(256)
def _kind(accept: str, kinds: Sequence[str]) -> str:
    given = parse_accept_header(accept, MIMEAccept)
    # Without the parameters of media types, such as a charset: there is one text, one table and one JSON.
    wanted = MIMEAccept([(kind.partition(";")[0].strip(" \t"), quality) for kind, quality in given])
    return wanted.best_match(kinds) or _JSON


def _typed(kind: str, body: bytes, name: str) -> Answer:
    # Browsers save a table under its name (RFC 6266).
    saved = ((b"Content-Disposition", f'attachment; filename="{name}.csv"'.encode()),) if kind == rate_csv.KIND else ()
    return make_answer(200, _CONTENT_TYPES[kind], body, saved)


def _sent(asked: Asked, answer: Answer, tag: bytes, caching: str) -> Answer:
    coding = coding_of(asked, answer.body)
    return _checked(asked, in_coding(answer, coding), tag_in(tag, coding), caching)


def _checked(asked: Asked, answer: Answer, tag: bytes, caching: str) -> Answer:
    whole = answer.having((b"Vary", b"Accept, Accept-Encoding"), *_cached(caching, tag))
    return conditional(asked.headers, whole, tag)


def _cached(caching: str, tag: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return (b"Cache-Control", caching.encode()), (b"ETag", tag)
