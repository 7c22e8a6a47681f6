"""Answers that were sent a moment ago: whoever asks the same gets the same bytes, as long as nothing has changed."""

from collections.abc import Hashable
from typing import Final

from mixsvc.answers.answer import Answer

__all__ = ["KeptAnswers"]

# How many are kept, and the longest body of one. So they need 8 MB at most.
MOST: Final = 256
MAX_BYTES: Final = 32768


class KeptAnswers:
    """All of one version of what they tell. Used in the reactor thread."""

    def __init__(self, most: int = MOST, max_bytes: int = MAX_BYTES) -> None:
        """most: how many are kept. max_bytes: of the body of one."""
        self._most = most
        self._max_bytes = max_bytes
        self._version: object = None
        self._answers: dict[Hashable, Answer] = {}

    def get(self, version: object, key: Hashable) -> Answer | None:
        """Returns the answer that was kept; None if there is none of this version."""
        if version != self._version:
            self._version = version
            self._answers.clear()
        return self._answers.get(key)

    def keep(self, version: object, key: Hashable, answer: Answer) -> None:
        """Keep an answer that was made after `get` was asked for the version."""
        if version == self._version and len(answer.body) <= self._max_bytes:
            if len(self._answers) >= self._most:
                self._answers.clear()
            self._answers[key] = answer
