"""What is remembered of logins. All processes that serve the pages need one memory: each would allow more guesses."""

from typing import Protocol

from mixsvc.common.records import record

__all__ = ["AttemptLimits", "LogOuts", "LoginMemory"]


class AttemptLimits(Protocol):
    """How often somebody may try a password: mixsvc.pages.auth.limits, or that of another process. Any thread."""

    def begin(self, name: str, address: str, device: str) -> int:
        """Count an attempt, and take a place for its check. Returns the attempt for `end`.

        name: its key. address: "" if it is not known. device: see Devices, "" for none.
        Raises TooManyAttempts, at once.
        """

    def end(self, attempt: int, is_right: bool) -> None:
        """The password of an attempt was checked."""


class LogOuts(Protocol):
    """The logins that have ended: mixsvc.pages.auth.ended_logins, or those of another process. Any thread."""

    def __contains__(self, login: object) -> bool:
        """Whether a login has ended; may block."""

    def end(self, login: str) -> bool:
        """End a login; blocks until it is on disk. Returns whether all processes know it, also after a restart."""


@record
class LoginMemory:
    """The memory of logins of one service."""

    limits: AttemptLimits
    log_outs: LogOuts
