"""The file of the ECB's whole history: a zip file that holds one CSV file. Pure but for reading it."""

import zipfile
import zlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from mixsvc.rates.quote import is_currency, parse_price

__all__ = ["MAX_UNPACKED", "UNREADABLE", "day_of", "lines_of"]

# Bytes. The history of 27 years takes two million.
MAX_UNPACKED: Final = 2**24

# What reading a file that is none may raise.
UNREADABLE: Final = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError)


def lines_of(file: Path | IO[bytes]) -> tuple[Sequence[str], Sequence[str]]:
    """The names of the columns, the first of them that of the date, and the lines of the days, the oldest first.

    Blocks for some 12 ms. Raises one of UNREADABLE.
    """
    with zipfile.ZipFile(file) as archive:
        (name,) = archive.namelist()
        with archive.open(name) as member:
            # What the file says of its size is not believed.
            text = member.read(MAX_UNPACKED + 1)
    if len(text) > MAX_UNPACKED:
        raise ValueError(f"it holds more than {MAX_UNPACKED} bytes")
    header, *days = text.decode("ascii").splitlines()
    # Each line starts with its date, so the greatest line is the newest day.
    return header.split(","), sorted(days)


def day_of(header: Sequence[str], line: str) -> dict[str, Decimal]:
    """The prices of one line by their currencies, perhaps none. Raises ValueError."""
    # A currency that is not quoted that day reads N/A; the comma at the end makes one empty column.
    cells = zip(header[1:], line.split(",")[1:], strict=True)
    found = {code: parse_price(cell) for code, cell in cells if cell not in ("", "N/A")}
    if not all(is_currency(code) for code in found):
        raise ValueError("its columns are no currencies")
    return found
