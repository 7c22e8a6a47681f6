"""The format of the ECB's XML documents, of one day or of several. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.etree.ElementTree import TreeBuilder

from defusedxml import EntitiesForbidden
from defusedxml.ElementTree import ParseError, XMLParser

from mixsvc.common.currencies import EURO, is_currency
from mixsvc.common.times import parse_date
from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.plausibility import check_not_in_future
from mixsvc.rates.model.quote import ECB, check_count, parse_price

__all__ = ["UNREADABLE_XML", "days_of", "rates_of", "read_document"]

_PIECE: Final = 2**14  # bytes

# The errors of reading a document that is not valid. Unknown encodings are LookupErrors.
UNREADABLE_XML: Final = (ParseError, ValueError, LookupError)


def read_document(body: bytes, fetched_at: datetime) -> Sequence[Quote]:
    """Returns the quotes of the newest day in a document. Raises only SourceFailed, whatever the bytes."""
    try:
        days = days_of(body)
        newest = max(days)
        check_not_in_future(newest, fetched_at)
        rates = rates_of(days[newest])
        return tuple(Quote(EURO, code, rates[code], newest, fetched_at, ECB, stale=False) for code in rates)
    except UNREADABLE_XML as error:
        reason = " ".join(str(error).split())[:200]
        raise SourceFailed(f"the document of the ECB cannot be read: {reason}") from None


def days_of(body: bytes) -> Mapping[date, Iterable[Any]]:
    """Returns the elements of each day in a document, at least one. Raises ParseError, ValueError or LookupError."""
    parser: Any = XMLParser(target=TreeBuilder())
    # In pieces, so that other threads can run in between.
    try:
        for start in range(0, len(body), _PIECE):
            parser.feed(body[start : start + _PIECE])
    except EntitiesForbidden:
        raise ValueError("it defines XML entities, which are not accepted") from None
    # Without their namespace: it has stayed the same since 1999, and nothing depends on it.
    cubes = [each for each in parser.close().iter() if str(each.tag).rpartition("}")[2] == "Cube"]
    dated = [each for each in cubes if "time" in each.attrib]
    days = {parse_date(each.attrib["time"]): each for each in dated}
    if not days:
        raise ValueError("it has no Cube element with a time")
    if len(days) < len(dated):
        raise ValueError("a day occurs twice")
    return days


def rates_of(day: Iterable[Any]) -> Mapping[str, Decimal]:
    """Returns the prices of one day by currency, at least one. Raises ValueError."""
    rates: dict[str, Decimal] = {}
    for each in day:
        code = each.get("currency", "")
        if not is_currency(code) or code == EURO or code in rates:
            raise ValueError(f"{code[:40]!r} is not a currency or occurs twice")
        rates[code] = parse_price(each.get("rate", ""))
    if not rates:
        raise ValueError("a day has no rates")
    check_count(rates)
    return rates
