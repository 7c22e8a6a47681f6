"""Markup made of the overview by the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any, Final

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Template
from markupsafe import Markup
from twisted.logger import Logger

from mixsvc.operations.window.cells import cells, row_button
from mixsvc.operations.window.shown import FILTERS

__all__ = ["LiveParts", "SectionTemplates", "window_templates"]

FOLDER: Final = Path(__file__).parent / "templates"

# The sections that have templates of their own, in the order of the page. What else an overview has comes after them.
SECTIONS: Final = (
    "sessions",
    "rooms",
    "reactor",
    "views",
    "rates",
    "storage",
    "outboxes",
    "held",
    "refusals",
    "service",
    "settings",
    "bans",
    "nodes",
)

TOTAL: Final = "_total"

# How long the reactor has for itself after each template that was compiled, in seconds.
PAUSE: Final = 0.02

# Sections without templates of their own that are shown, at most.
MAX_OTHERS: Final = 20


@dataclass(frozen=True)
class LiveParts:
    """The live part of the page. html: both in their elements, as scripts fetch them."""

    tiles: Markup
    cards: Markup
    html: str


def window_templates() -> Environment:
    """The templates of this folder; all text is escaped, and what is missing is nothing. Called in a thread."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # By the time of a restart the files may be those of another version.
        auto_reload=False,
    )
    templates.filters.update(FILTERS, cells=cells)
    templates.globals.update(row_button=row_button)
    # Compiled here, and kept: one after the other, as a thread that computes holds up the others, the reactor's too.
    for name in templates.list_templates():
        templates.get_template(name)
        sleep(PAUSE)
    return templates


class SectionTemplates:
    """The templates of the live part, compiled when this object is made."""

    _log = Logger("mixsvc.operations.window")

    def __init__(self, templates: Environment) -> None:
        self._tiles = templates.get_template("live/tiles.html")
        self._live = templates.get_template("live/live.html")
        self._other = templates.get_template("live/other.html")
        self._broken = templates.get_template("live/broken.html")
        self._sections = {name: templates.get_template(f"live/{name}.html") for name in SECTIONS}
        self._told: set[str] = set()

    def sections(self, overview: Mapping[str, Any]) -> Sequence[tuple[str, object]]:
        """Returns the names of the sections to show, with their data; those that have nothing to say are left out.

        The total of a list that stands beside it, as bans_total, goes into its section.
        """
        totals = {name for name in overview if name.endswith(TOTAL)}
        others = [name for name in overview if name not in SECTIONS and name not in totals][:MAX_OTHERS]
        found = [(name, overview.get(name)) for name in (*SECTIONS, *others)]
        return [
            (name, {"list": data, "total": overview[name + TOTAL]} if name + TOTAL in totals else data)
            for name, data in found
            if data is not None
        ]

    def tiles(self, overview: Mapping[str, Any]) -> str:
        """Returns the row of the numbers that matter most."""
        return self._safely("tiles", self._tiles, {"all": overview})

    def section(self, name: str, data: object) -> str:
        """Returns one section; one that says so if its data cannot be shown."""
        return self._safely(name, self._sections.get(name, self._other), {"name": name, "data": data})

    def joined(self, tiles: str, sections: Sequence[str]) -> LiveParts:
        """Returns the whole live part."""
        shown, cards = Markup(tiles), Markup("").join(Markup(each) for each in sections)
        return LiveParts(shown, cards, self._live.render(tiles=shown, cards=cards))

    def _safely(self, name: str, template: Template, values: Mapping[str, object]) -> str:
        try:
            return template.render(values)
        except Exception:
            # Once: the page asks every two seconds.
            if name not in self._told:
                self._told.add(name)
                self._log.failure("mixsvc: the window cannot show {section}", section=name)
            return self._broken.render(name=name)
