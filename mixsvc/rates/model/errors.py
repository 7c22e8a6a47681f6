"""Errors of the rates.

MixError
└── SourceFailed   a source did not answer, or its answer holds no rates
"""

from mixsvc.errors import MixError

__all__ = ["SourceFailed"]


class SourceFailed(MixError):
    """A source did not answer, or its answer holds no rates. The text is one line for a person.

    retry_after: how long the source asks us to wait (Retry-After), in seconds; 0 where it does not say.
    """

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
