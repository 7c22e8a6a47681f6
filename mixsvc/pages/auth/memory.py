"""What is remembered of logins. All processes that serve the pages need one memory: each would allow more guesses."""

from typing import Protocol

from twisted.logger import Logger

from mixsvc.common.records import record
from mixsvc.errors import MixError
from mixsvc.interfaces import IMix

__all__ = ["AttemptLimits", "LogOuts", "LoginMemory", "PromptLogOuts"]


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


class PromptLogOuts:
    """Implements LogOuts by those of this service, for views: the chat is told of each. Any thread.

    So the connections of a login do nothing more once it has ended.
    """

    _log = Logger("mixsvc.web")

    def __init__(self, log_outs: LogOuts, mix: IMix) -> None:
        self._log_outs = log_outs
        self._mix = mix

    def __contains__(self, login: object) -> bool:
        """See LogOuts."""
        return login in self._log_outs

    def end(self, login: str) -> bool:
        """See LogOuts; returns when the connections of this login have ended, too, if the chat answers."""
        is_stored = self._log_outs.end(login)
        try:
            chat = self._mix.chat
            if chat is not None:
                chat.look_at_logins()
        except (MixError, RuntimeError) as error:
            # The chat looks each second by itself. In an embedded host it may not have been started, and not start now.
            self._log.warn("web: connections of a login may last a second longer: {error}", error=str(error))
        return is_stored
