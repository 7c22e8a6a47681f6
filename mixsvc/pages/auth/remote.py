"""The memory of logins for a view's process, which asks the service for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.logger import Logger

from mixsvc.errors import ServiceBusy
from mixsvc.pages.auth.limits import TooManyAttempts
from mixsvc.pages.auth.memory import AttemptLimits, LoginMemory, LogOuts

__all__ = ["limit_answers", "log_out_answers", "remote_memory"]


def limit_answers(limits: AttemptLimits) -> Mapping[str, Callable[..., Any]]:
    """What other processes may ask of the limits; each returns JSON at once."""

    def begin(name: str, address: str, device: str) -> Any:
        try:
            return [limits.begin(name, address, device), 0]
        except TooManyAttempts as error:
            return [0, error.seconds]

    return {"begin": begin, "end": limits.end}


def log_out_answers(log_outs: LogOuts) -> Mapping[str, Callable[..., Any]]:
    """What other processes may ask of the logins that have ended; each returns JSON, and blocks."""
    return {"has_ended": log_outs.__contains__, "end": log_outs.end}


def remote_memory(ask: Callable[[str, Sequence[object]], Any]) -> LoginMemory:
    """The memory of a process that asks another one.

    ask: asks a method of `limit_answers`, with "limits." in front of its name, or of `log_out_answers` with "logouts.".
    It returns its JSON, or raises ServiceBusy.
    """
    return LoginMemory(_RemoteLimits(ask), _RemoteLogOuts(ask))


class _RemoteLimits:
    """AttemptLimits; blocks for the answer, and raises ServiceBusy if there is none: nobody guesses meanwhile."""

    def __init__(self, ask: Callable[[str, Sequence[object]], Any]) -> None:
        self._ask = ask

    def begin(self, name: str, address: str, device: str) -> int:
        """See AttemptLimits."""
        attempt, seconds = self._ask("limits.begin", (name, address, device))
        if seconds:
            raise TooManyAttempts(seconds)
        return int(attempt)

    def end(self, attempt: int, is_right: bool) -> None:
        """See AttemptLimits. Without an answer the attempt counts as failed, and its place is free some time later."""
        try:
            self._ask("limits.end", (attempt, is_right))
        except ServiceBusy:
            return


class _RemoteLogOuts:
    """LogOuts; raises ServiceBusy if there is no answer: a login of which nobody knows whether it has ended is none."""

    _log = Logger("mixsvc.web")

    def __init__(self, ask: Callable[[str, Sequence[object]], Any]) -> None:
        self._ask = ask

    def __contains__(self, login: object) -> bool:
        """See LogOuts."""
        return bool(self._ask("logouts.has_ended", (login,)))

    def end(self, login: str) -> bool:
        """See LogOuts."""
        try:
            return bool(self._ask("logouts.end", (login,)))
        except ServiceBusy as error:
            self._log.error("web: a log-out could not be stored: {error}", error=str(error))
            return False
