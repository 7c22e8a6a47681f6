"""The live part of the page: made at most once a second for all who look, and a section at a time."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from markupsafe import Markup
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from mixsvc.operations.window.rendering import LiveParts, SectionTemplates

__all__ = ["HISTORY_SECONDS", "KEEP_SECONDS", "LiveView", "WindowHistory"]

# How long what was made is shown, and how long the numbers of the graphs, of which there is one in five seconds.
KEEP_SECONDS: Final = 1.0
HISTORY_SECONDS: Final = 5.0

# See control.overview.
AskOverview: TypeAlias = Callable[[], Mapping[str, Any]]


class LiveView:
    """The overview as HTML. Reactor thread, which it holds for one section at a time."""

    def __init__(self, reactor: IReactorTime, overview: AskOverview, templates: SectionTemplates) -> None:
        self._reactor = reactor
        self._overview = overview
        self._templates = templates
        self._made = LiveParts(Markup(), Markup(), "")
        self._made_at = -KEEP_SECONDS
        self._waiting: list[Deferred[LiveParts]] = []
        # What each section was made of, and became.
        self._sections: dict[str, tuple[str, str]] = {}

    def parts(self) -> "Deferred[LiveParts]":
        """Fires with the markup, which is at most KEEP_SECONDS old. Fails if the overview does."""
        if self._reactor.seconds() - self._made_at < KEEP_SECONDS:
            return succeed(self._made)
        waiting: Deferred[LiveParts] = Deferred()
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            self._step(self._work())
        return waiting

    def _step(self, work: Iterator[None]) -> None:
        try:
            next(work)
        except StopIteration:
            self._settle(self._made)
        except Exception:
            self._settle(Failure())
        else:
            self._reactor.callLater(0, self._step, work)

    def _settle(self, result: "LiveParts | Failure") -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(result)

    def _work(self) -> Iterator[None]:
        asked_at = self._reactor.seconds()
        overview = self._overview()
        yield
        tiles = self._templates.tiles(overview)
        parts = []
        for name in self._templates.order(overview):
            yield
            parts.append(self._section(name, overview[name]))
        self._made = self._templates.joined(tiles, parts)
        self._made_at = asked_at

    def _section(self, name: str, data: object) -> str:
        # Not compared as it is: whoever made it may change it.
        text = json.dumps(data, default=str)
        known, made = self._sections.get(name, ("", ""))
        if text != known:
            made = self._templates.section(name, data)
            self._sections[name] = (text, made)
        return made


class WindowHistory:
    """The numbers of the graphs as JSON, made at most once in HISTORY_SECONDS. Reactor thread."""

    def __init__(self, reactor: IReactorTime, series: Callable[[], Mapping[str, Any]]) -> None:
        """series: see control.history."""
        self._reactor = reactor
        self._series = series
        self._made = b""
        self._made_at = -HISTORY_SECONDS

    def json(self) -> bytes:
        """Returns an object of lists, by name; each has an entry for each sample."""
        now = self._reactor.seconds()
        if not self._made or now - self._made_at >= HISTORY_SECONDS:
            self._made = json.dumps(self._series(), separators=(",", ":"), default=str).encode()
            self._made_at = now
        return self._made
