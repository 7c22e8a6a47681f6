"""The format of the ECB's whole history: a zip file that holds one CSV file, a line for each day."""

import io
import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from mixsvc.common.currencies import EURO, is_currency
from mixsvc.common.records import record
from mixsvc.common.times import parse_dates
from mixsvc.rates.model.quote import check_count, parse_price

__all__ = ["ABSENT", "MAX_UNPACKED", "UNREADABLE", "CsvTable", "read_codes", "read_csv_table"]

# Bytes. The history of 27 years takes two million.
MAX_UNPACKED: Final = 2**22

# The errors of reading a file that is not valid.
UNREADABLE: Final = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError)

# The compressions that the bank uses or might use; the others take as much memory as the file asks for.
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# Cells of currencies that were not quoted on a day.
ABSENT: Final = frozenset({"", "N/A"})

# A line with prices in plain digits, at most ten before and after the point, behind whatever comes first. The plus
# signs forbid going back, which would take ten times as long as the 15 ms for all days since 1999.
_CELL: Final = r"(?:[0-9]{1,10}+(?:\.[0-9]{1,10}+)?+|N/A|)"
_LINE: Final = re.compile(rf"[^,]*+(?:,{_CELL})*+")
_ZERO: Final = re.compile(r",0[0.]*+(?![0-9])")


@record
class CsvTable:
    """The history as text.

    codes: the currency of each column, each once; "" for the empty column at the end. lines: one for each day, at least
    one, the oldest first; each begins with its date, and no date occurs twice.
    """

    codes: Sequence[str]
    lines: Sequence[str]

    def days(self) -> "array[int]":
        """Returns the dates of the lines as ordinals. Raises ValueError."""
        dates = parse_dates([line.partition(",")[0] for line in self.lines])
        return array("i", [each.toordinal() for each in dates])

    def column(self, place: int) -> Sequence[str]:
        """Returns the cells of the code at a place, in the order of the lines. Some 5 ms for all days since 1999."""
        after = len(self.codes) - place
        if after <= place:
            return [line.rsplit(",", after)[-after] for line in self.lines]
        return [line.split(",", place + 2)[place + 1] for line in self.lines]

    def check(self) -> None:
        """Raises ValueError unless each line has a price or nothing for each code. Takes some 20 ms."""
        if any(line.count(",") != len(self.codes) for line in self.lines):
            raise _other_length()
        if not all(map(_LINE.fullmatch, self.lines)) or any(map(_ZERO.search, self.lines)):
            self._find_fault()
        unnamed = [place for place, code in enumerate(self.codes) if not code]
        if any(cell not in ABSENT for place in unnamed for cell in self.column(place)):
            raise ValueError("a column without a name has prices")

    def _find_fault(self) -> None:
        for line in self.lines:
            self.prices(line)
        raise ValueError("a price has more than ten digits before or after the point")

    def cells(self, line: str) -> Sequence[tuple[str, str]]:
        """Returns the currencies quoted in a line and their prices as text. Raises ValueError."""
        cells = line.split(",")[1:]
        if len(cells) != len(self.codes):
            raise _other_length()
        return [(code, cell) for code, cell in zip(self.codes, cells, strict=True) if cell not in ABSENT]

    def prices(self, line: str) -> dict[str, Decimal]:
        """Returns the prices of a line by currency; may be empty. Raises ValueError."""
        return {code: parse_price(cell) for code, cell in self.cells(line)}


def read_codes(file: Path) -> Sequence[str]:
    """Reads the currencies that have a column, "" for one without a name, and no prices. Raises one of UNREADABLE."""
    return _codes(next(_lines(file), ""))


def read_csv_table(file: Path | IO[bytes]) -> CsvTable:
    """Reads a file. Blocks for some 12 ms. Raises one of UNREADABLE."""
    lines = _lines(file)
    codes, days = _codes(next(lines, "")), list(lines)
    if not any(codes) or not days:
        raise ValueError("it has no days")
    if len({line.partition(",")[0] for line in days}) < len(days):
        raise ValueError("a day occurs twice")
    # Each line starts with its date, so the greatest line is the newest day.
    return CsvTable(codes, sorted(days))


def _other_length() -> ValueError:
    return ValueError("a line has more or fewer cells than the first one")


def _codes(header: str) -> Sequence[str]:
    codes = header.split(",")[1:]
    named = [code for code in codes if code]
    if not all(is_currency(code) and code != EURO for code in named) or len(set(named)) < len(named):
        raise ValueError("a column is not a currency or occurs twice")
    check_count(named)
    return codes


def _lines(file: Path | IO[bytes]) -> Iterator[str]:
    """Yields the lines that are not blank, one by one.

    The text as a whole, and parts of it, would leave holes of megabytes in memory.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) != 1:
            raise ValueError(f"it holds {len(members)} files instead of one")
        if members[0].compress_type not in _COMPRESSIONS:
            raise ValueError("its compression is not supported")
        with archive.open(members[0]) as member, io.TextIOWrapper(member, "ascii") as text:
            # Not trusting the size that the file gives.
            left = MAX_UNPACKED
            while line := text.readline(left + 1):
                left -= len(line)
                if left < 0:
                    raise ValueError(f"it holds more than {MAX_UNPACKED} bytes")
                if not line.isspace():
                    yield line.rstrip("\n")
