"""Paths of fields in JSON, as [rates] json_... give them, and how they are followed. Pure.

A path is the names of the fields that lead to a value, joined by dots. A name stands for itself in any case, and a
number for the element of a list, from 0. Where each currency has an entry of its own, in an object or in a list, * in a
path stands for the entry, and what follows it is looked up in each entry.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from mixsvc.common.records import record

__all__ = ["ROWS", "JsonPaths", "entries", "inside_entry", "on_the_way", "value_at"]


@record
class JsonPaths:
    """Where an answer has what; each is a path.

    date, rates: of the date and of the prices; rates may be an object with a price for each currency. code: of the
    currency, where entries are in a list. amount: of how many units a price is for; 1 if "". base: of the base; if "",
    the usual names are looked for.
    """

    date: str
    rates: str
    code: str = ""
    amount: str = ""
    base: str = ""

    def entry_mistake(self) -> str:
        """Returns what is wrong with paths that have a *; "" for nothing."""
        table, star, _ = self.rates.partition("*")
        if self.code and not star:
            return "json_code needs a * in json_rates, which stands for the entry of a currency, as in rates.*.price"
        for name, path in (
            ("date", self.date),
            ("code", self.code),
            ("amount", self.amount),
            ("base_field", self.base),
        ):
            before, found, _ = path.partition("*")
            if found and (not star or before != table):
                return f"json_{name} = {path} has a * in another place than json_rates = {self.rates}"
        return ""


# Flat rows, as Frankfurter answers from version 2 of its interface on.
ROWS: Final = JsonPaths("*.date", "*.rate", "*.quote")


def value_at(value: Any, path: str) -> Any:
    """Returns the value at a path; the value itself for "". Raises ValueError."""
    for name in path.split(".") if path else ():
        value = _step(value, name, path)
    return value


def on_the_way(value: Any, path: str) -> Iterator[Any]:
    """Yields the value, and each value that a path leads through up to its end or its *. Raises ValueError."""
    yield value
    names = path.partition("*")[0].rstrip(".")
    for name in names.split(".") if names else ():
        value = _step(value, name, path)
        yield value


def entries(answer: Any, paths: JsonPaths) -> Iterator[tuple[str, Any]]:
    """Yields the code of each currency as the answer has it, and its entry: its price where the path has no *.

    Raises ValueError if there is no table of prices.
    """
    place, star, _ = paths.rates.partition("*")
    table = value_at(answer, place.rstrip("."))
    if paths.code and isinstance(table, list | dict):
        rows = table if isinstance(table, list) else list(table.values())
        yield from zip(_codes(rows, paths.code), rows, strict=True)
    elif isinstance(table, dict):
        yield from table.items()
    elif isinstance(table, list):
        raise ValueError(
            f"{paths.rates} is a list; give the path of a price in it, such as rates.*.price, and json_code"
        )
    else:
        raise ValueError(f"{paths.rates} is not an object")


def _codes(rows: Sequence[Any], path: str) -> Sequence[str]:
    """Returns the code in each row, "" for rows that have none. Raises ValueError if that is each of them."""
    found = []
    for row in rows:
        try:
            code = value_at(row, inside_entry(path))
        except ValueError:
            code = ""
        found.append(code if isinstance(code, str) else "")
    if rows and not any(found):
        raise ValueError(f"it has no field {path}")
    return found


def inside_entry(path: str) -> str:
    """Returns the part of a path that is followed in each entry."""
    return path.partition("*")[2].lstrip(".")


def _step(value: Any, name: str, path: str) -> Any:
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    if isinstance(value, dict):
        if name in value:
            return value[name]
        for key in value:
            if key.lower() == name.lower():
                return value[key]
    raise ValueError(f"it has no field {path}")
