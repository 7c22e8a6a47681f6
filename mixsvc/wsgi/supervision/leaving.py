"""The children that get no more requests: they finish those that they have, for a limited time."""

from collections.abc import Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from mixsvc.http.refusals import TIMED_OUT, Refusal
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess

__all__ = ["FINISH_SECONDS", "LeavingProcesses", "listed"]

# How long a child that is replaced may take to finish its requests, in seconds.
FINISH_SECONDS: Final = 60.0

# How long one without requests may take to end, in seconds: its application may have threads that go on.
END_SECONDS: Final = 5.0

# How many requests one line of the log names.
NAMED: Final = 5


class LeavingProcesses:
    """The children that were asked to end, or are killed. Used in the reactor thread."""

    _log = Logger("mixsvc.web")

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # Each with its time limit; None for one that is killed.
        self._limits: dict[SupervisedProcess, IDelayedCall | None] = {}
        # Since when those without requests and runs have had none.
        self._idle: dict[SupervisedProcess, float] = {}

    def __len__(self) -> int:
        return len(self._limits)

    def __contains__(self, process: SupervisedProcess) -> bool:
        return process in self._limits

    def finish(self, process: SupervisedProcess) -> None:
        """Let a child finish its requests and end, within FINISH_SECONDS."""
        self._limits[process] = self._clock.callLater(FINISH_SECONDS, self._too_late, process)
        process.stop()

    def kill(self, process: SupervisedProcess, refusal: Refusal) -> None:
        """Kill a child now, and answer its requests with this."""
        self._cancel(process)
        self._limits[process] = None
        process.fail_calls(refusal)
        process.kill()

    def look(self) -> None:
        """Kill those that do not end though they have nothing to do; called now and then."""
        now = self._clock.seconds()
        idle = [process for process in self.finishing() if not process.names() and not process.runs]
        self._idle = {process: self._idle.get(process, now) for process in idle}
        for process, since in self._idle.items():
            if now - since >= END_SECONDS:
                self._log.warn(
                    "web: the replaced child with pid {pid} is killed, as it has not ended within {seconds:g} s",
                    pid=process.pid,
                    seconds=END_SECONDS,
                )
                self.kill(process, TIMED_OUT)

    def finishing(self) -> Sequence[SupervisedProcess]:
        """Those that were asked to end and have not."""
        return [process for process, limit in self._limits.items() if limit is not None]

    def ended(self, process: SupervisedProcess) -> bool:
        """One of them has ended; returns whether it was killed."""
        was_killed = self._limits[process] is None
        self._cancel(process)
        del self._limits[process]
        return was_killed

    def _cancel(self, process: SupervisedProcess) -> None:
        limit = self._limits.get(process)
        if limit is not None and limit.active():
            limit.cancel()

    def _too_late(self, process: SupervisedProcess) -> None:
        self._log.warn(
            "web: the replaced child with pid {pid} is killed: {requests} did not end within {seconds:g} s",
            pid=process.pid,
            requests=listed(process.names()) or "it",
            seconds=FINISH_SECONDS,
        )
        self.kill(process, TIMED_OUT)


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
