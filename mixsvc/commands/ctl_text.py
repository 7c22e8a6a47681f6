"""What `mixsvc ctl` shows, as text for a terminal. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mixsvc.common.text import printable

__all__ = ["history_text", "section_text", "status_text"]

# The units of figures whose names do not say them.
UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("uptime", "lag_now", "lag_p99"), "s"),
    **dict.fromkeys(("unsent", "largest", "responses_on_disk", "resident"), "bytes"),
}

# The widest column; longer texts are cut.
WIDEST: Final = 100


def status_text(overview: Mapping[str, Any]) -> str:
    """A summary: each section without its tables, unless it is one table, such as the sources of rates."""
    lines: list[str] = []
    for name, section in overview.items():
        if not section:
            continue
        shown = section
        if _is_object(section):
            shown = {key: value for key, value in section.items() if key == "listening" or not isinstance(value, list)}
        lines += [name.upper(), *(f"  {line}" for line in _lines(shown))]
    return "\n".join(lines)


def section_text(section: Any) -> str:
    """A section with all of its tables."""
    return "\n".join(_lines(section))


def history_text(series: Mapping[str, Sequence[float | None]]) -> str:
    """Of each figure of the last hour the last value, the mean, and the largest."""
    rows = []
    for name, values in series.items():
        known = [value for value in values if value is not None]
        if name != "at":
            mean = sum(known) / len(known) if known else None
            last = values[-1] if values else None
            rows.append({"figure": _title(name), "now": last, "mean": mean, "most": max(known, default=None)})
    return "\n".join(_lines(rows))


def _lines(section: Any) -> Iterator[str]:
    if not section:
        yield "none"
    elif _is_table(section):
        yield from _table(section)
    elif not _is_object(section):
        yield _shown(section)
    else:
        tables = {key: value for key, value in section.items() if _is_table(value)}
        yield from (f"{_title(key)}: {_shown(value)}" for key, value in section.items() if key not in tables)
        for key, table in tables.items():
            yield ""
            yield f"{_title(key)}:"
            yield from _table(table)


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Columns, and what is a list in a row as lines below it."""
    columns = [key for key in rows[0] if not isinstance(rows[0][key], list)]
    cells = [[_title(key) for key in columns], *([_shown(row.get(key))[:WIDEST] for key in columns] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    for index, line in enumerate(cells):
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        row = rows[index - 1] if index else {}
        for value in row.values():
            yield from (f"    {_shown(each)}" for each in (value if isinstance(value, list) else ()))


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _title(key: str) -> str:
    words = key.replace("_", " ")
    return f"{words} ({UNITS[key]})" if key in UNITS else words


def _shown(value: Any) -> str:
    """A value on one line, without characters that control a terminal: some of them come from strangers."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    return printable(str(value))
