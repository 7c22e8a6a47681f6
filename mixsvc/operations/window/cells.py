"""The cells of tables, and their buttons: written here, as templates take ten times as long for them."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from markupsafe import Markup, escape

from mixsvc.operations.window.shown import iso, moment, shown, text

__all__ = ["cells", "row_button"]

# A moment as the overview has it.
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def cells(row: Any, columns: Sequence[Sequence[str]]) -> Markup:
    """Returns the cells of a row. columns: pairs of a key and a title."""
    values: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    return Markup("".join([f"{_begin(key)}{_content(key, values.get(key))}</td>" for key, _ in columns]))


def row_button(action: str, label: str, words: Sequence[Any], about: Any) -> Markup:
    """Returns a button in a row, which sends the form of an action. words: its arguments. about: whom, or what."""
    value = escape(json.dumps([str(each) for each in words]))
    name = escape(f"{label}: {text(about)}")
    begin = f'<button class="small quiet" form="row-{escape(action)}" name="words" value="{value}"'
    return Markup(f'{begin} aria-label="{name}">{escape(label)}</button>')


@lru_cache(256)
def _begin(key: str) -> str:
    return f'<td class="is-{escape(key)}">'


def _content(key: str, value: Any) -> str:
    """Its markup."""
    if isinstance(value, str) and not MOMENT.match(value):
        # Apart from what is around it: names may be written from right to left.
        return f"<bdi>{escape(text(value))}</bdi>"
    if isinstance(value, int | float):
        return escape(shown(value, key))
    if isinstance(value, str):
        return f'<time datetime="{escape(iso(value))}">{escape(moment(value))}</time>'
    return f"<bdi>{escape(text(value))}</bdi>"
