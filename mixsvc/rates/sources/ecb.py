"""The European Central Bank's reference rates, over HTTP."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.etree.ElementTree import TreeBuilder

from defusedxml import EntitiesForbidden
from defusedxml.ElementTree import ParseError, XMLParser
from twisted.internet.defer import Deferred
from zope.interface import implementer

from mixsvc.common.currencies import EURO, is_currency
from mixsvc.common.times import parse_date
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.plausibility import check_not_in_future
from mixsvc.rates.model.quote import check_count, parse_price
from mixsvc.rates.sources.download import Address, Download
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["NAME", "EcbSource", "days_of", "rates_of", "read_document"]

NAME: Final = "ecb"

_PIECE: Final = 2**14  # bytes


@implementer(IRateSource)
class EcbSource:
    """The newest day of the ECB's document: the daily one, or one of several days."""

    name = NAME

    def __init__(
        self, client: HttpClient, url: str, defer_to_thread: DeferToThread, now: Callable[[], datetime]
    ) -> None:
        """client: as treq's. now: UTC, aware."""
        self._download = Download(client, Address(url), now)
        self._defer_to_thread = defer_to_thread
        self._now = now

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource; fails with SourceFailed, and with CancelledError when it was cancelled."""
        return Deferred.fromCoroutine(self._fetch())

    async def _fetch(self) -> Sequence[Quote]:
        document = await self._download.newer()
        if document is None:
            return ()
        fetched_at = self._now()
        # In a thread: a document as large as the limit takes 200 ms to read, the daily one less than one.
        quotes = await self._defer_to_thread(lambda: read_document(document.body, fetched_at))
        # Only now, so that an answer that was no use is asked for again in full.
        self._download.keep(document)
        return quotes


def read_document(body: bytes, fetched_at: datetime) -> Sequence[Quote]:
    """The quotes of the newest day in a document; pure. Raises SourceFailed for anything else, whatever the bytes."""
    try:
        days = days_of(body)
        newest = max(days)
        check_not_in_future(newest, fetched_at)
        rates = rates_of(days[newest])
        return tuple(Quote(EURO, code, rates[code], newest, fetched_at, NAME, stale=False) for code in rates)
    except (ParseError, ValueError, LookupError) as error:
        # Unknown encodings are LookupErrors.
        reason = " ".join(str(error).split())[:200]
        raise SourceFailed(f"the document of the ECB cannot be read: {reason}") from None


def days_of(body: bytes) -> Mapping[date, Iterable[Any]]:
    """The elements of each day in a document, at least one. Raises ParseError, ValueError and LookupError."""
    parser: Any = XMLParser(target=TreeBuilder())
    # In pieces, so that other threads come to their turn in between.
    try:
        for start in range(0, len(body), _PIECE):
            parser.feed(body[start : start + _PIECE])
    except EntitiesForbidden:
        raise ValueError("it defines entities, as no document of rates does") from None
    # The name's namespace is left out: it has stayed the same since 1999, and nothing depends on it.
    cubes = [each for each in parser.close().iter() if str(each.tag).rpartition("}")[2] == "Cube"]
    dated = [each for each in cubes if "time" in each.attrib]
    days = {parse_date(each.attrib["time"]): each for each in dated}
    if not days:
        raise ValueError("it has no Cube with a time")
    if len(days) < len(dated):
        raise ValueError("it has a day twice")
    return days


def rates_of(day: Iterable[Any]) -> Mapping[str, Decimal]:
    """The prices of one day by their currencies, at least one. Raises ValueError."""
    rates: dict[str, Decimal] = {}
    for each in day:
        code = each.get("currency", "")
        if not is_currency(code) or code == EURO or code in rates:
            raise ValueError(f"{code[:40]!r} is no currency, or is given twice")
        rates[code] = parse_price(each.get("rate", ""))
    if not rates:
        raise ValueError("a day has no rates")
    check_count(rates)
    return rates
