"""Rates of any HTTP service that answers in JSON, as the settings describe it."""

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

__all__ = ["MAX_BODY", "JsonFeed", "JsonSource", "read_answer"]

NAME: Final = "json"

# Bytes. All currencies together take some 10 000; reading as much as the limit takes a few milliseconds.
MAX_BODY: Final = 2**18

# The end of the year 9999, in seconds since 1970.
_LAST_SECOND: Final = 253402300799

# As many as the database stores; further digits are rounded.
_MAX_DIGITS: Final = 20


@dataclass(frozen=True)
class JsonFeed:
    """The address of a service, and where its answers have date and rates.

    base: of all prices. date, rates: paths of fields, names joined by dots; in rates one name may be *, which stands
    for each currency.
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
        feed: Callable[[], JsonFeed],
        defer_to_thread: DeferToThread,
        now: Callable[[], datetime],
    ) -> None:
        """client: like treq's. feed: called at the first fetch; may raise SourceFailed. now: UTC, aware."""
        self._client = client
        self._make_feed = feed
        self._defer_to_thread = defer_to_thread
        self._now = now
        self._made: tuple[JsonFeed, Download] | None = None

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource. Fails with SourceFailed, or with CancelledError if it is cancelled."""
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


def read_answer(body: bytes, feed: JsonFeed, fetched_at: datetime) -> Sequence[Quote]:
    """Returns the quotes in an answer. Pure. Raises only SourceFailed, whatever the bytes.

    Codes that are not three capital letters are left out; one price that is not valid makes the whole answer so.
    """
    try:
        answer = json.loads(body, parse_float=Decimal, parse_int=_whole, object_pairs_hook=_without_duplicates)
        _check_base(answer, feed.base)
        day = _day(_at(answer, feed.date), feed.date)
        check_not_in_future(day, fetched_at)
        rates = _rates(answer, feed)
        return tuple(Quote(feed.base, code, rates[code], day, fetched_at, NAME, stale=False) for code in rates)
    except RecursionError:
        raise SourceFailed("the JSON answer cannot be read: it is nested too deeply") from None
    except ArithmeticError:
        # An exponent of twenty digits; the message of decimal is for programmers.
        raise SourceFailed("the JSON answer cannot be read: it has a number outside of all limits") from None
    except (ValueError, LookupError) as error:
        # Bytes that are not UTF-8 are a ValueError as well.
        reason = " ".join(str(error).split())[:200]
        raise SourceFailed(f"the JSON answer cannot be read: {reason}") from None


def _rates(answer: object, feed: JsonFeed) -> Mapping[str, Decimal]:
    path, _, inner = feed.rates.partition("*")
    table = _at(answer, path.rstrip("."))
    if not isinstance(table, dict):
        raise ValueError(f"{feed.rates} is not an object")
    rates = {code: _price(_at(each, inner.lstrip(".")), code) for code, each in table.items() if is_currency(code)}
    if rates.pop(feed.base, Decimal(1)) != 1:
        raise ValueError(f"its price of {feed.base} is not 1, so its base is another currency")
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
    # Free plans of some services ignore the base that they were asked for.
    said = answer.get("base") if isinstance(answer, dict) else None
    if isinstance(said, str) and is_currency(said) and said != base:
        raise ValueError(f"its base is {said}, not {base}")


def _price(value: object, code: str) -> Decimal:
    if isinstance(value, str):
        # Decimal() would accept underscores and the digits of every script.
        value = Decimal(value) if re.fullmatch(r"[0-9]{1,50}(\.[0-9]{1,50})?", value) else None
    if not isinstance(value, Decimal) or not is_sound(value):
        raise ValueError(f"{code} has no price above zero")
    # Without the exponent in which services write small prices.
    whole = max(value.adjusted() + 1, 1)
    fraction = min(max(-int(value.as_tuple().exponent), 0), _MAX_DIGITS - whole)
    price = Decimal(f"{value:.{max(fraction, 0)}f}")
    if not is_sound(price):
        raise ValueError(f"the price of {code} is too small")
    return price


def _day(value: object, path: str) -> date:
    """Returns the date of a date, of a time (ISO 8601), or of seconds since 1970."""
    if isinstance(value, Decimal):
        # Before int(): 1E+9999999 would become an integer of ten million digits.
        if not 0 <= value <= _LAST_SECOND:
            raise ValueError(f"{path} is not a number of seconds since 1970")
        return datetime.fromtimestamp(int(value), UTC).date()
    if not isinstance(value, str):
        raise ValueError(f"{path} is not a date")
    if len(value) <= 10:
        return parse_date(value)
    moment = datetime.fromisoformat(value[:40])
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def _whole(text: str) -> Decimal:
    # int() refuses thousands of digits with a message for programmers.
    return Decimal(text)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field occurs twice")
    return found
