"""The file of the ECB's whole history: a zip file that holds one CSV file. Pure but for reading it."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from mixsvc.common.currencies import EURO, is_currency
from mixsvc.rates.model.quote import check_count, parse_price

__all__ = ["MAX_UNPACKED", "UNREADABLE", "CsvTable", "read_csv_table"]

# Bytes. The history of 27 years takes two million.
MAX_UNPACKED: Final = 2**22

# What reading a file that is none may raise.
UNREADABLE: Final = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError)

# Those that the bank uses or could; the others take as much memory as the file asks for.
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# How a column says that its currency was not quoted that day.
_ABSENT: Final = frozenset({"", "N/A"})


@dataclass(frozen=True)
class CsvTable:
    """The history as text. codes: the currency of each column, "" for the empty one at the end; none is there twice.

    lines: those of the days, at least one, the oldest first; each begins with its date, and none of these is there
    twice.
    """

    codes: Sequence[str]
    lines: Sequence[str]

    def cells(self, line: str) -> Sequence[tuple[str, str]]:
        """The currencies quoted in a line, and their prices as they are written. Raises ValueError."""
        pairs = zip(self.codes, line.split(",")[1:], strict=True)
        return [(code, cell) for code, cell in pairs if cell not in _ABSENT]

    def prices(self, line: str) -> dict[str, Decimal]:
        """The prices of one line by their currencies, perhaps none. Raises ValueError."""
        return {code: parse_price(cell) for code, cell in self.cells(line)}


def read_csv_table(file: Path | IO[bytes]) -> CsvTable:
    """What a file holds. Blocks for some 12 ms. Raises one of UNREADABLE."""
    header, *days = _unpacked(file).decode("ascii").splitlines() or [""]
    codes = header.split(",")[1:]
    named = [code for code in codes if code]
    if not all(is_currency(code) and code != EURO for code in named) or len(set(named)) < len(named):
        raise ValueError("its columns are no currencies, or one is there twice")
    check_count(named)
    if not named or not days:
        raise ValueError("it has no days")
    if len({line.partition(",")[0] for line in days}) < len(days):
        raise ValueError("it has a day twice")
    # Each line starts with its date, so the greatest line is the newest day.
    return CsvTable(codes, sorted(days))


def _unpacked(file: Path | IO[bytes]) -> bytes:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) != 1:
            raise ValueError(f"it holds {len(members)} files in place of one")
        if members[0].compress_type not in _COMPRESSIONS:
            raise ValueError("it is compressed in an unusual way")
        with archive.open(members[0]) as member:
            # What the file says of its size is not believed.
            text = member.read(MAX_UNPACKED + 1)
    if len(text) > MAX_UNPACKED:
        raise ValueError(f"it holds more than {MAX_UNPACKED} bytes")
    return text
