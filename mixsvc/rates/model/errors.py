"""What goes wrong between a source of rates and us.

MixError
└── SourceFailed   a source did not answer, or not with rates
"""

from mixsvc.errors import MixError

__all__ = ["SourceFailed"]


class SourceFailed(MixError):
    """A source did not answer, or not with rates; the text is one line for a person.

    retry_after: how long the source asked not to be bothered, in seconds; 0 when it did not say.
    """

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
