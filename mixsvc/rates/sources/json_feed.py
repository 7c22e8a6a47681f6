"""Rates from any HTTP service that answers in JSON, as the settings describe it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mixsvc.common.currencies import is_currency
from mixsvc.common.times import parse_date
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.plausibility import check_not_in_future
from mixsvc.rates.model.quote import check_count, is_sound
from mixsvc.rates.sources.download import Address, Download
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["MAX_BODY", "Feed", "JsonSource", "read_answer"]

NAME: Final = "json"

# Bytes. All currencies there are take some 10 000; to read this much takes a few milliseconds.
MAX_BODY: Final = 2**18

# That of the year 9999, in seconds since 1970.
_LAST_SECOND: Final = 253402300799

# As many as the database takes; what a service writes behind them is rounded off.
_MAX_DIGITS: Final = 20


@dataclass(frozen=True)
class Feed:
    """What is asked for, and where the answer has what.

    base: of all its prices. date, rates: paths of fields, their names joined by dots; in rates one name may be *,
    which stands for each currency.
    """

    address: Address
    base: str
    date: str
    rates: str


@implementer(IRateSource)
class JsonSource:
    """The latest rates of one service."""

    name = NAME

    def __init__(
        self,
        client: HttpClient,
        feed: Callable[[], Feed],
        defer_to_thread: DeferToThread,
        now: Callable[[], datetime],
    ) -> None:
        """client: as treq's. feed: called at the first fetch; may raise SourceFailed. now: UTC, aware."""
        self._client = client
        self._make_feed = feed
        self._defer_to_thread = defer_to_thread
        self._now = now
        self._made: tuple[Feed, Download] | None = None

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource; fails with SourceFailed, and with CancelledError when it was cancelled."""
        return Deferred.fromCoroutine(self._fetch())

    async def _fetch(self) -> Sequence[Quote]:
        if self._made is None:
            made = self._make_feed()
            self._made = made, Download(self._client, made.address, self._now)
        feed, download = self._made
        document = await download.newer()
        if document is None:
            return ()
        fetched_at = self._now()
        quotes = await self._defer_to_thread(lambda: read_answer(document.body, feed, fetched_at))
        download.keep(document)
        return quotes


def read_answer(body: bytes, feed: Feed, fetched_at: datetime) -> Sequence[Quote]:
    """The quotes in an answer; pure. Raises SourceFailed for anything else, whatever the bytes.

    Currencies whose codes are not three capital letters are left out; one bad price spoils the answer.
    """
    try:
        answer = json.loads(body, parse_float=Decimal, parse_int=_whole, object_pairs_hook=_no_doubles)
        _check_base(answer, feed.base)
        day = _day(_at(answer, feed.date), feed.date)
        check_not_in_future(day, fetched_at)
        rates = _rates(answer, feed)
        return tuple(Quote(feed.base, code, rates[code], day, fetched_at, NAME, stale=False) for code in rates)
    except RecursionError:
        raise SourceFailed("the JSON answer cannot be read: it is nested too deeply") from None
    except ArithmeticError:
        # An exponent of twenty digits; what decimal says of it is nothing for a person.
        raise SourceFailed("the JSON answer cannot be read: it has a number that nobody can work with") from None
    except (ValueError, LookupError) as error:
        # What is no UTF-8 is a ValueError as well.
        reason = " ".join(str(error).split())[:200]
        raise SourceFailed(f"the JSON answer cannot be read: {reason}") from None


def _rates(answer: object, feed: Feed) -> Mapping[str, Decimal]:
    path, _, inner = feed.rates.partition("*")
    table = _at(answer, path.rstrip("."))
    if not isinstance(table, dict):
        raise ValueError(f"{feed.rates} is no object")
    rates = {code: _price(_at(each, inner.lstrip(".")), code) for code, each in table.items() if is_currency(code)}
    if rates.pop(feed.base, Decimal(1)) != 1:
        raise ValueError(f"it has a price for {feed.base} other than 1, so its base is another one")
    if not rates:
        raise ValueError(f"{feed.rates} has no rates")
    check_count(rates)
    return rates


def _at(value: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"it has no field {path}")
        value = value[name]
    return value


def _check_base(answer: object, base: str) -> None:
    # Free plans tend to ignore the base that was asked for.
    said = answer.get("base") if isinstance(answer, dict) else None
    if isinstance(said, str) and is_currency(said) and said != base:
        raise ValueError(f"its base is {said}, not {base}")


def _price(value: object, code: str) -> Decimal:
    if isinstance(value, str):
        # Decimal() would take underscores and the digits of every script.
        value = Decimal(value) if re.fullmatch(r"[0-9]{1,50}(\.[0-9]{1,50})?", value) else None
    if not isinstance(value, Decimal) or not is_sound(value):
        raise ValueError(f"{code} has no price above zero")
    # Without an exponent, which services write small prices with.
    whole = max(value.adjusted() + 1, 1)
    fraction = min(max(-int(value.as_tuple().exponent), 0), _MAX_DIGITS - whole)
    price = Decimal(f"{value:.{max(fraction, 0)}f}")
    if not is_sound(price):
        raise ValueError(f"the price of {code} is too small")
    return price


def _day(value: object, path: str) -> date:
    """From a date, a time with a date in front (ISO 8601), or seconds since 1970."""
    if isinstance(value, Decimal):
        # Before it is made an integer: 1E+9999999 would be one of ten million digits.
        if not 0 <= value <= _LAST_SECOND:
            raise ValueError(f"{path} is no number of seconds since 1970")
        return datetime.fromtimestamp(int(value), UTC).date()
    if not isinstance(value, str):
        raise ValueError(f"{path} is no date")
    if len(value) <= 10:
        return parse_date(value)
    moment = datetime.fromisoformat(value[:40])
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def _whole(text: str) -> Decimal:
    # int() refuses thousands of digits with advice for programmers.
    return Decimal(text)


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field is given twice")
    return found
