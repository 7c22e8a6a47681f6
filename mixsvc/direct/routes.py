"""Which requests the reactor answers by itself, and by what."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from mixsvc.answers.answer import Answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import for_everybody
from mixsvc.answers.files import MemoryFile, file_answer
from mixsvc.answers.past import KeptHistories
from mixsvc.answers.rates import RateAnswers
from mixsvc.answers.rooms import room_list
from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.interfaces import IMix
from mixsvc.scripts.bundle import BUILT
from mixsvc.scripts.page_files import STATIC, PageFiles

__all__ = ["LeftToView", "Route", "Routes", "DirectSources"]

# The path of the static files, with the version of all of them in it or with the bundle's name.
_FILES: Final = "static"

# To list more rooms takes so long that a thread does it.
MOST_ROOMS: Final = 500

# So does compressing more bytes.
LONGEST_LIST: Final = 131072

Build: TypeAlias = Callable[[Asked], Answer]


class LeftToView(Exception):
    """This request is for the view."""


@record
class Route:
    """One path. path: as the pages have it.

    quick: builds the answer in the reactor, or raises LeftToView, RefusedAnswer, or NotKept: then `slow` builds it in a
    thread. version: of what the answer tells, None for one that is made anew each time.
    """

    path: str
    quick: Build
    slow: Build
    version: Callable[[], object]


@record
class DirectSources:
    """What the routes need of the service.

    guests: whether everybody may read the chat, as far as the settings say. rate_version: returns a value that is
    another one when any answer about rates may be. room_count: returns how many rooms there are.
    """

    mix: IMix
    guests: Current[bool]
    rate_version: Callable[[], object]
    room_count: Callable[[], int]


class Routes:
    """The paths below the one where our pages are. Reactor thread. around: what they need of the service."""

    def __init__(self, around: DirectSources, prefix: str = "", files: PageFiles | None = None) -> None:
        """prefix: where our pages are, "" for the root. files: of the pages; None for our own."""
        self.around = around
        self._prefix = prefix.strip("/").split("/") if prefix else []
        self._files = files or PageFiles(STATIC)
        histories = KeptHistories()
        self._quick, self._slow = RateAnswers(around.mix, histories.kept), RateAnswers(around.mix, histories.made)

    def find(self, segments: Sequence[bytes]) -> Route | None:
        """Returns the route of a path: of its segments, decoded. None if it is not one of these."""
        # A view finds its path by the whole of it, in which a slash that was written as %2F is like any other.
        if not all(segments) or any(b"/" in each for each in segments):
            return None
        names = [each.decode("utf-8", "replace") for each in segments]
        depth = len(self._prefix)
        return self._below(names[depth:]) if names[:depth] == self._prefix else None

    def is_front(self, segments: Sequence[bytes]) -> bool:
        """Returns whether a path of these segments is that of the page itself."""
        *folders, last = segments
        return last == b"" and [each.decode("utf-8", "replace") for each in folders] == self._prefix

    def _below(self, names: Sequence[str]) -> Route | None:
        path = "/" + "/".join(names)
        match names:
            case ["api", "rates"]:
                return self._of_rates(path, lambda rates: rates.all_rates)
            case ["api", "rates", "sources"]:
                # They change with each attempt, successful or not.
                return Route(path, self._quick.sources, self._slow.sources, _always)
            case ["api", "rates", base, quote]:
                return self._of_rates(path, lambda rates: partial(rates.one_rate, base=base, quote=quote))
            case ["api", "rates", base, quote, "history"]:
                return self._of_rates(path, lambda rates: partial(rates.history, base=base, quote=quote))
            case ["api", "convert"]:
                return self._of_rates(path, lambda rates: rates.convert)
            case ["api", "rooms"]:
                return Route(path, self._rooms, self._rooms, _always)
            case [folder, second, *rest] if folder == _FILES and rest:
                return self._of_file(path, second, rest)
        return None

    def _of_rates(self, path: str, choose: Callable[[RateAnswers], Build]) -> Route:
        return Route(path, choose(self._quick), choose(self._slow), self.around.rate_version)

    def _of_file(self, path: str, second: str, rest: Sequence[str]) -> Route | None:
        found: MemoryFile | None = None
        if second == BUILT and len(rest) == 1:
            found = self._files.bundled(rest[0])
        elif second == f"v-{self._files.version}":
            found = self._files.versioned("/".join(rest))
        if found is None:
            return None
        build = partial(_file, file=found)
        return Route(path, build, build, _constant)

    def _rooms(self, asked: Asked) -> Answer:
        chat = self.around.mix.chat
        if chat is None or not self.around.guests.now or chat.asks_permission or self.around.room_count() > MOST_ROOMS:
            raise LeftToView
        answer = room_list(chat.overview())
        if len(answer.body) > LONGEST_LIST:
            raise LeftToView
        return for_everybody(asked, answer)


def _file(asked: Asked, file: MemoryFile) -> Answer:
    return file_answer(asked, file)


def _always() -> None:
    """The version of what is made anew each time."""


def _constant() -> bool:
    """The version of what stays as it is as long as the service runs."""
    return True
