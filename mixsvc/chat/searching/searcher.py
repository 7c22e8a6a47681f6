"""Searches until there is enough for an answer."""

from collections.abc import Mapping, Sequence
from typing import Final

from twisted.internet.interfaces import IReactorTime

from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.chat.storage.searching import SearchQuery
from mixsvc.common.names import fold_text
from mixsvc.common.text import without_surrogates
from mixsvc.interfaces import FoundMessage, SearchPage

__all__ = ["Searcher", "words_of"]

# How long a search goes on that finds little, in seconds, and how often it reads.
MOST_SECONDS: Final = 1.0
MOST_CALLS: Final = 20


def words_of(text: str) -> Sequence[str]:
    """The words of a text, as texts are compared with them. Raises ValueError with a sentence for the person."""
    if "\0" in text:
        raise ValueError("The text has the character U+0000.")
    words = tuple(dict.fromkeys(fold_text(without_surrogates(text)).split()))
    if not words:
        raise ValueError("There is no word to search for.")
    return words


class Searcher:
    """Searches in rooms; who may do so is checked before. Used in the reactor thread only."""

    def __init__(self, clock: IReactorTime, storage: StorageQueue) -> None:
        self._clock = clock
        self._storage = storage

    async def search(self, words: Sequence[str], before: Mapping[str, int | None], limit: int) -> SearchPage:
        """Returns the newest messages that have all words. before: see SearchQuery. Raises NotRead."""
        began, calls = self._clock.seconds(), 0
        found: list[FoundMessage] = []
        while before and len(found) < limit and calls < MOST_CALLS and self._clock.seconds() < began + MOST_SECONDS:
            part = await self._storage.search(SearchQuery(words, before, limit - len(found)))
            found += part.found
            before = part.before
            calls += 1
        # Each call has found the newest of what it has read.
        found.sort(key=lambda each: each.message.said_at, reverse=True)
        return SearchPage(words, found, {room: number for room, number in before.items() if number is not None})
