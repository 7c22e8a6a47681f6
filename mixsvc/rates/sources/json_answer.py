"""Reads the answer of a JSON service. Pure.

A currency without a usable price, or with a date of its own that is not valid, is left out, and the others are used.
What concerns all of them fails the answer: a base that is not the expected one, or their common date.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any, Final
from urllib.parse import quote

from mixsvc.common.currencies import is_currency
from mixsvc.common.records import record
from mixsvc.common.text import printable, shortened
from mixsvc.common.times import LAST_SECOND, parse_date
from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.plausibility import check_not_in_future
from mixsvc.rates.model.quote import check_count, is_sound
from mixsvc.rates.sources.json_paths import ROWS, JsonPaths, entries, inside_entry, on_the_way, value_at
from mixsvc.rates.sources.json_words import check_success, said_bases

__all__ = ["NAME", "JsonAnswer", "JsonFormat", "read_answer"]

NAME: Final = "json"

# Characters of a reason.
_LONGEST: Final = 200

# As many as the database stores; further digits are rounded.
_MAX_DIGITS: Final = 20

# For the quotient of a price and its amount, which is rounded to _MAX_DIGITS afterwards.
_DIVISION: Final = Context(prec=2 * _MAX_DIGITS)


@record
class JsonFormat:
    """How to read answers. base: of all prices. is_inverse: whether a price is that of the currency in the base."""

    base: str
    paths: JsonPaths
    is_inverse: bool = False


@record
class JsonAnswer:
    """The quotes of an answer, at least one. left_out: why other currencies have none, by their codes."""

    quotes: Sequence[Quote]
    left_out: Mapping[str, str]


def read_answer(body: bytes, form: JsonFormat, fetched_at: datetime, key: str = "") -> JsonAnswer:
    """Returns what is in an answer. Raises only SourceFailed, whatever the bytes.

    key: what no message may show, though a service may repeat the key that it refuses.
    Codes in small letters count as those in capitals; what is not three letters of ASCII is no currency and not read.
    """
    try:
        answer = json.loads(body, parse_float=_decimal, parse_int=_decimal, object_pairs_hook=_without_duplicates)
        check_success(answer)
        if isinstance(answer, list) and not re.match(r"\*|[0-9]", form.paths.rates):
            form = replace(form, paths=ROWS)
        return _Reader(answer, form, fetched_at).read()
    except RecursionError:
        raise SourceFailed("the JSON answer cannot be read: it is nested too deeply") from None
    except (ValueError, LookupError, ArithmeticError) as error:
        raise SourceFailed(f"the JSON answer cannot be read: {_told(error, key)}") from None


class _Reader:
    """Reads one answer."""

    def __init__(self, answer: Any, form: JsonFormat, fetched_at: datetime) -> None:
        self._answer = answer
        self._form = form
        self._paths = form.paths
        self._fetched_at = fetched_at
        self._quotes: dict[str, Quote] = {}
        self._left_out: dict[str, str] = {}

    def read(self) -> JsonAnswer:
        """See read_answer."""
        self._check_base(self._said_by_answer())
        day = None if "*" in self._paths.date else self._day(self._answer, self._paths.date)
        found = self._entries()
        check_count({code for code, _ in found})
        for code, entry in found:
            try:
                price, said = self._price(entry), list(self._said_by_entry(entry))
                own = self._day(entry, inside_entry(self._paths.date)) if day is None else day
            except (ValueError, LookupError, ArithmeticError) as error:
                self._left_out[code] = _told(error)
                continue
            self._check_base(said)
            self._quotes[code] = Quote(self._form.base, code, price, own, self._fetched_at, NAME, stale=False)
        self._check_own_price()
        left_out = {code: reason for code, reason in self._left_out.items() if code not in self._quotes}
        if not self._quotes:
            why = next((f": {code}: {reason}" for code, reason in left_out.items()), "")
            raise ValueError(f"{self._paths.rates} has no rates{why}")
        return JsonAnswer(tuple(self._quotes.values()), left_out)

    def _entries(self) -> Sequence[tuple[str, Any]]:
        """Returns currencies and entries. Of several entries of one currency the last with a price counts: that of the
        newest date, or in capitals.
        """
        found = [(self._as_code(name), name, entry) for name, entry in entries(self._answer, self._paths)]
        known = [each for each in found if is_currency(each[0])]
        known.sort(key=lambda each: (self._day_of(each[2]), each[0] == each[1]))
        return [(code, entry) for code, _, entry in known]

    def _day_of(self, entry: Any) -> date:
        """Returns the date in an entry; the earliest of all if it has none, or none that is valid."""
        inner = inside_entry(self._paths.date)
        try:
            return _date(value_at(entry, inner), inner) if inner else date.min
        except (ValueError, ArithmeticError):
            return date.min

    def _as_code(self, name: str) -> str:
        # Some letters become others in capitals, such as the dotless i of Turkish.
        code = name.strip().upper() if name.isascii() else ""
        # A pair, such as USDEUR, EUR/USD or EUR_USD.
        quoted = code.removeprefix(self._form.base).lstrip("/_-")
        return quoted if is_currency(quoted) else code

    def _price(self, entry: Any) -> Decimal:
        price = _number(value_at(entry, inside_entry(self._paths.rates)))
        amount = Decimal(1)
        if self._paths.amount:
            place = entry if "*" in self._paths.amount else self._answer
            path = inside_entry(self._paths.amount) if place is entry else self._paths.amount
            amount = _number(value_at(place, path))
        if self._form.is_inverse:
            price, amount = amount, price
        return _plain(price if amount == 1 else _DIVISION.divide(price, amount))

    def _day(self, value: Any, path: str) -> date:
        day = _date(value_at(value, path), path)
        check_not_in_future(day, self._fetched_at)
        return day

    def _said_by_answer(self) -> Iterator[str]:
        if not self._paths.base:
            for path in (self._paths.date, self._paths.rates):
                for place in on_the_way(self._answer, path):
                    yield from said_bases(place)
        elif "*" not in self._paths.base:
            yield _base_at(self._answer, self._paths.base)

    def _said_by_entry(self, entry: Any) -> Iterator[str]:
        if "*" in self._paths.base:
            yield _base_at(entry, inside_entry(self._paths.base))
        elif not self._paths.base and not self._form.is_inverse:
            yield from said_bases(entry, is_answer=False)

    def _check_base(self, said: Iterable[str]) -> None:
        # Free plans of some services ignore the base that they were asked for.
        for code in said:
            if code != self._form.base:
                shown = code if is_currency(code) else repr(shortened(code))
                raise ValueError(f"its base is {shown}, not {self._form.base}; [rates] json_base must be what it gives")

    def _check_own_price(self) -> None:
        base = self._form.base
        own = self._quotes.pop(base, None)
        self._left_out.pop(base, None)
        if own is not None and own.price != 1:
            raise ValueError(f"its price of {base} is not 1, so its base is another currency")


def _base_at(value: Any, path: str) -> str:
    code = value_at(value, path)
    if not isinstance(code, str):
        raise ValueError(f"{path} is not a currency")
    return code.strip().upper()


def _number(value: object) -> Decimal:
    if isinstance(value, str):
        # Decimal() would accept underscores and the digits of every script.
        text = value.strip(" ")
        value = Decimal(text) if re.fullmatch(r"[0-9]{1,50}(\.[0-9]{1,50})?([eE][+-]?[0-9]{1,3})?", text) else None
    if not isinstance(value, Decimal) or not is_sound(value):
        raise ValueError("it has no price above zero")
    return value


def _plain(value: Decimal) -> Decimal:
    """Returns a price without the exponent in which services write small ones, and with at most _MAX_DIGITS digits."""
    whole = max(value.adjusted() + 1, 1)
    if whole > _MAX_DIGITS:
        raise ValueError("its price is too large")
    fraction = min(max(-int(value.as_tuple().exponent), 0), _MAX_DIGITS - whole)
    price = Decimal(f"{value:.{max(fraction, 0)}f}")
    if not is_sound(price):
        raise ValueError("its price is too small")
    return price


def _date(value: object, path: str) -> date:
    """Returns the date of a date, of a time (ISO 8601), or of seconds since 1970."""
    if isinstance(value, Decimal):
        # Before int(): 1E+9999999 would become an integer of ten million digits.
        if not 0 <= value <= LAST_SECOND:
            raise ValueError(f"{path} is not a number of seconds since 1970")
        return datetime.fromtimestamp(int(value), UTC).date()
    if not isinstance(value, str):
        raise ValueError(f"{path} is not a date")
    if len(value) <= 10:
        return parse_date(value)
    try:
        moment = datetime.fromisoformat(value[:40])
    except ValueError:
        raise ValueError(f"{value[:40]!r} is not a date") from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def _told(error: Exception, key: str = "") -> str:
    if isinstance(error, ArithmeticError):
        # The message of decimal is for programmers.
        return "it has a number outside of all limits"
    # Bytes that are not UTF-8 are a ValueError as well. A service's own words may hold anything.
    text = " ".join(printable(str(error)).split())
    # Before it is cut, as a part of the key would be left.
    for secret in (key, quote(key, safe="")):
        text = text.replace(secret, "...") if secret else text
    return text[:_LONGEST]


def _decimal(text: str) -> Decimal | None:
    """Returns a number with all its digits; None for one that no price can have, such as 1E+99999999999999999999."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field occurs twice")
    return found
