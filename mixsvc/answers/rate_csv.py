"""Rates as tables: CSV (RFC 4180), with the names of the columns in the first line."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

from mixsvc.common.records import record
from mixsvc.interfaces import PriceHistory, Quote

__all__ = ["KIND", "Table", "of_history", "of_quotes", "written"]

KIND: Final = "text/csv"

_QUOTE: Final = ("base", "quote", "price", "date", "fetched_at", "source", "stale")


@record
class Table:
    """name: of the file, without its ending. rows: their cells, read once."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[str]]


def of_quotes(quotes: Sequence[Quote], name: str) -> Table:
    """Returns a table with a line for each quote; the columns are the members of its JSON object."""
    documents = (each.as_json() for each in quotes)
    return Table(name, _QUOTE, ([_cell(document[column]) for column in _QUOTE] for document in documents))


def of_history(found: PriceHistory) -> Table:
    """Returns a table with a line for each point."""
    rows = ((day.isoformat(), format(price, "f")) for day, price in found.points)
    return Table(f"{found.base}-{found.quote}", ("date", "price"), rows)


def written(table: Table) -> str:
    """Returns the table as a text."""
    text = StringIO()
    # Its lines end with CR and LF, as RFC 4180 wants it.
    lines = csv.writer(text)
    lines.writerow(table.header)
    lines.writerows(table.rows)
    return text.getvalue()


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
