"""What a request asks, whichever server has it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from mixsvc.answers.problems import refuse
from mixsvc.common.records import record
from mixsvc.common.text import shortened

__all__ = ["Asked", "Parameters", "listed", "quoted"]

# Queries of at most so many characters are cached: parsed, a long one may take 200 KB.
CACHED_CHARS: Final = 512


@record
class Asked:
    """A GET or HEAD. query: as it was sent. headers: by name in lower case, several of a name joined by a comma.

    scheme: http or https, as the client has it.
    """

    method: str
    query: str
    headers: Mapping[str, str]
    scheme: str = "http"

    def header(self, name: str) -> str:
        """Returns the value of a header field, "" without one. name: in lower case."""
        return self.headers.get(name, "")


class Parameters:
    """The parameters of a query, of which a route has some. Nothing is ignored silently."""

    def __init__(self, query: str, known: Sequence[str]) -> None:
        """known: the names of those that the route has."""
        self._given = _cached(query) if len(query) <= CACHED_CHARS else _parsed(query)
        self._known = known

    def one(self, name: str) -> str | None:
        """Returns the value of ?name=, or None.

        Refuses a second value, and parameters that the route does not have.
        """
        for each, _ in self._given:
            if each not in self._known:
                refuse(400, f"{quoted(each)} is not a parameter of this path; it has {listed(self._known)}.")
        texts = [value for each, value in self._given if each == name]
        if len(texts) > 1:
            refuse(400, f"{name} is given {len(texts)} times; give it once.")
        return texts[0] if texts else None


def listed(names: Sequence[str]) -> str:
    """Returns names as a sentence has them."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def quoted(text: str) -> str:
    """Returns a client's text as a response repeats it: in quotes, and shortened."""
    return repr(shortened(text))


def _parsed(query: str) -> Sequence[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="backslashreplace")


_cached = lru_cache(256)(_parsed)
