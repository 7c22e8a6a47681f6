"""The documents of the European Central Bank with many days, which fill gaps of the history."""

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from mixsvc.common.currencies import EURO
from mixsvc.common.records import record
from mixsvc.common.times import parse_date
from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import DeferToThread, Quote
from mixsvc.rates.model.calendar import is_working_day
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.plausibility import Plausibility
from mixsvc.rates.model.quote import ECB
from mixsvc.rates.sources.download import Address, Document, Download
from mixsvc.rates.sources.ecb_csv import UNREADABLE, read_csv_table
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["Days", "HistoryDocument", "QuotePages", "gaps", "history_documents", "read_csv", "read_pages", "read_xml"]

# Quotes that are read at a time, in a thread, and stored in one transaction: some milliseconds of work.
_PAGE_ROWS: Final = 1000

# Days before the first wanted one that are read, too: plausibility compares each day with the days before it.
_BEFORE: Final = timedelta(days=14)

# Bytes. The zip file has 650 000, the 90 days 130 000; the whole history as XML would have eight million, and take
# seconds to read.
_MAX_ZIP: Final = 2**22
_MAX_XML: Final = 2**20

_FIRST_DAY: Final = date(1999, 1, 4)


@record
class Days:
    """The days of a document, at least one, the oldest first. rates_of: reads the prices of one; raises ValueError."""

    each: Sequence[tuple[date, Any]]
    rates_of: Callable[[Any], Mapping[str, Decimal]]


@dataclass
class QuotePages:
    """The quotes of a document, page by page. newest: its last day."""

    newest: date
    quotes: Iterator[Sequence[Quote]]


class HistoryDocument:
    """One document with many days. For the reactor thread."""

    def __init__(self, download: Download, days: int, read: Callable[[bytes], Days], thread: DeferToThread) -> None:
        """days: how far back it reaches. read: reads its body, in a thread; raises SourceFailed."""
        self._days = days
        self._download = download
        self._read = read
        self._defer_to_thread = thread
        self._document: Document | None = None

    async def missing(self, known: Collection[date], today: date) -> set[date]:
        """Returns the missing days that the document may contain."""
        first = max(today.toordinal() - self._days, _FIRST_DAY.toordinal())
        # In a thread: it takes tens of milliseconds if nothing is known.
        return await self._defer_to_thread(lambda: gaps(known, date.fromordinal(first), today))

    async def open(self, wanted: Collection[date], fetched_at: datetime) -> QuotePages | None:
        """Returns the quotes of the wanted days, for next_page; None if the document that was kept has not changed.

        Raises SourceFailed.
        """
        document = self._document = await self._download.newer()
        if document is None:
            return None
        return await self._defer_to_thread(lambda: read_pages(self._read(document.body), wanted, fetched_at))

    async def next_page(self, pages: QuotePages) -> Sequence[Quote] | None:
        """Returns the next quotes, the oldest first, or None at the end. Raises SourceFailed."""
        return await self._defer_to_thread(lambda: next(pages.quotes, None))

    def keep(self) -> None:
        """Asks only for newer documents from now on. Call it once all quotes of this one are stored."""
        if self._document is not None:
            self._download.keep(self._document)
            self._document = None


def gaps(known: Collection[date], first: date, today: date) -> set[date]:
    """Returns the working days from first up to yesterday that are not known. Pure."""
    every = (date.fromordinal(each) for each in range(first.toordinal(), today.toordinal()))
    have = frozenset(known)
    return {day for day in every if day not in have and is_working_day(day)}


def history_documents(
    settings: RatesSettings, client: HttpClient, defer_to_thread: DeferToThread, now: Callable[[], datetime]
) -> Sequence[HistoryDocument]:
    """Returns the documents that the settings name, the smallest first. now: UTC, aware."""
    kinds = (
        # It reaches back 90 days from its publication, which may have been a day or two ago.
        (Address(settings.ecb_90_days_url, max_body=_MAX_XML), 88, read_xml),
        (Address(settings.ecb_history_url, max_body=_MAX_ZIP), date.max.toordinal(), read_csv),
    )
    return [
        HistoryDocument(Download(client, address, now), days, read, defer_to_thread)
        for address, days, read in kinds
        if address.url
    ]


def read_xml(body: bytes) -> Days:
    """Returns the days of an XML document. Raises SourceFailed."""
    # Here, in a thread, as it takes a while to load.
    from mixsvc.rates.sources.ecb_xml import UNREADABLE_XML, days_of, rates_of

    try:
        days = days_of(body)
    except UNREADABLE_XML as error:
        raise _unreadable(error) from None
    return Days(sorted(days.items(), key=lambda each: each[0]), rates_of)


def read_csv(body: bytes) -> Days:
    """Returns the days of a zip file with a CSV file. Raises SourceFailed."""
    try:
        table = read_csv_table(io.BytesIO(body))
        dated = [(parse_date(line.partition(",")[0]), line) for line in table.lines]
    except UNREADABLE as error:
        raise _unreadable(error) from None
    return Days(dated, table.prices)


def read_pages(days: Days, wanted: Collection[date], fetched_at: datetime) -> QuotePages:
    """Returns the plausible quotes of the wanted days. Each page is read when asked for; may raise SourceFailed."""
    newest = days.each[-1][0]
    return QuotePages(newest, _pages(days, frozenset(wanted), fetched_at))


def _pages(days: Days, wanted: frozenset[date], fetched_at: datetime) -> Iterator[Sequence[Quote]]:
    first = min(wanted, default=date.max)
    start = first - _BEFORE if first.toordinal() > _BEFORE.days else first
    last: dict[str, Quote] = {}
    plausibility = Plausibility(lambda _, code: last.get(code))
    page: list[Quote] = []
    for day, text in days.each:
        if day < start or day > fetched_at.date():
            continue
        accepted = plausibility.check(_quotes(days, day, text, fetched_at)).accepted
        last.update((each.quote, each) for each in accepted)
        page.extend(accepted if day in wanted else ())
        if len(page) >= _PAGE_ROWS:
            yield page
            page = []
    if page:
        yield page


def _quotes(days: Days, day: date, text: Any, fetched_at: datetime) -> Sequence[Quote]:
    try:
        rates = days.rates_of(text)
    except ValueError as error:
        raise _unreadable(error) from None
    return [Quote(EURO, code, price, day, fetched_at, ECB, stale=False) for code, price in rates.items()]


def _unreadable(error: Exception) -> SourceFailed:
    reason = " ".join(str(error).split())[:200]
    return SourceFailed(f"a document of the ECB's history cannot be read: {reason}")
