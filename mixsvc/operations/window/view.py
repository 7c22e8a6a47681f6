"""The live part of the page, and the numbers of its graphs, made for all who look."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from twisted.internet.interfaces import IReactorTime

from mixsvc.operations.window.rendering import LiveParts, SectionTemplates
from mixsvc.operations.window.shared_work import InTurns, SharedWork

__all__ = ["live_view", "window_history"]

# How long what was made is shown, and how long the numbers of the graphs, of which there is one in five seconds.
KEEP_SECONDS: Final = 1.0
HISTORY_SECONDS: Final = 5.0

# See control.overview and control.history.
AskOverview: TypeAlias = Callable[[], Mapping[str, Any]]
AskSeries: TypeAlias = Callable[[], Mapping[str, Any]]


def live_view(reactor: IReactorTime, overview: AskOverview, templates: SectionTemplates) -> SharedWork[LiveParts]:
    """Returns what shows the overview, one section in a turn, and makes only those anew that have changed."""
    # What each section was made of, and became.
    known: dict[str, tuple[str, str]] = {}

    def section(name: str, data: object) -> str:
        # Not compared as it is: whoever made it may change it.
        text = json.dumps(data, default=str)
        if known.get(name, ("", ""))[0] != text:
            known[name] = (text, templates.section(name, data))
        return known[name][1]

    def work() -> InTurns[LiveParts]:
        found = overview()
        yield
        tiles, parts = templates.tiles(found), []
        for name, data in templates.sections(found):
            yield
            parts.append(section(name, data))
        return templates.joined(tiles, parts)

    return SharedWork(reactor, KEEP_SECONDS, work)


def window_history(reactor: IReactorTime, series: AskSeries) -> SharedWork[bytes]:
    """Returns what writes the numbers of the graphs as JSON: an object of lists, one of them in a turn."""

    def work() -> InTurns[bytes]:
        written = []
        for name, values in series().items():
            yield
            written.append(f"{json.dumps(name)}:{json.dumps(values, separators=(',', ':'), default=str)}")
        return ("{" + ",".join(written) + "}").encode()

    return SharedWork(reactor, HISTORY_SECONDS, work)
