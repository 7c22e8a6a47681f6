"""The format of the ECB's whole history: a zip file that holds one CSV file, a line for each day."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from mixsvc.common.currencies import EURO, is_currency
from mixsvc.rates.model.quote import check_count, parse_price

__all__ = ["ABSENT", "MAX_UNPACKED", "UNREADABLE", "CsvTable", "read_csv_table"]

# Bytes. The history of 27 years takes two million.
MAX_UNPACKED: Final = 2**22

# The errors of reading a file that is not valid.
UNREADABLE: Final = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError)

# The compressions that the bank uses or might use; the others take as much memory as the file asks for.
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# Cells of currencies that were not quoted on a day.
ABSENT: Final = frozenset({"", "N/A"})


@dataclass(frozen=True)
class CsvTable:
    """The history as text.

    codes: the currency of each column, each once; "" for the empty column at the end. lines: one for each day, at least
    one, the oldest first; each begins with its date, and no date occurs twice.
    """

    codes: Sequence[str]
    lines: Sequence[str]

    def columns(self) -> Sequence[Sequence[str]]:
        """Returns the dates and the cells of each code, in the order of the lines. Raises ValueError."""
        width = len(self.codes) + 1
        if any(line.count(",") != width - 1 for line in self.lines):
            raise ValueError("a line has more or fewer cells than the first one")
        # Three times as fast as line by line.
        cells = ",".join(self.lines).split(",")
        return [cells[at::width] for at in range(width)]

    def cells(self, line: str) -> Sequence[tuple[str, str]]:
        """Returns the currencies quoted in a line and their prices as text. Raises ValueError."""
        pairs = zip(self.codes, line.split(",")[1:], strict=True)
        return [(code, cell) for code, cell in pairs if cell not in ABSENT]

    def prices(self, line: str) -> dict[str, Decimal]:
        """Returns the prices of a line by currency; may be empty. Raises ValueError."""
        return {code: parse_price(cell) for code, cell in self.cells(line)}


def read_csv_table(file: Path | IO[bytes]) -> CsvTable:
    """Reads a file. Blocks for some 12 ms. Raises one of UNREADABLE."""
    header, *days = _unpacked(file).decode("ascii").splitlines() or [""]
    codes = header.split(",")[1:]
    named = [code for code in codes if code]
    if not all(is_currency(code) and code != EURO for code in named) or len(set(named)) < len(named):
        raise ValueError("a column is not a currency or occurs twice")
    check_count(named)
    if not named or not days:
        raise ValueError("it has no days")
    if len({line.partition(",")[0] for line in days}) < len(days):
        raise ValueError("a day occurs twice")
    # Each line starts with its date, so the greatest line is the newest day.
    return CsvTable(codes, sorted(days))


def _unpacked(file: Path | IO[bytes]) -> bytes:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) != 1:
            raise ValueError(f"it holds {len(members)} files instead of one")
        if members[0].compress_type not in _COMPRESSIONS:
            raise ValueError("its compression is not supported")
        with archive.open(members[0]) as member:
            # Not trusting the size that the file gives.
            text = member.read(MAX_UNPACKED + 1)
    if len(text) > MAX_UNPACKED:
        raise ValueError(f"it holds more than {MAX_UNPACKED} bytes")
    return text
