"""SIGUSR2: there is new code of the application."""

import signal
from collections.abc import Callable
from typing import Any, Final

__all__ = ["RenewalSignal"]

RENEWAL: Final = signal.SIGUSR2


class RenewalSignal:
    """A handler of the signal, which would end the process without one. Used in the main thread.

    An application that is imported into the service may handle the signal itself; then this is out of play. Unlike
    SIG_IGN, programs that we start do not inherit it.
    """

    def __init__(self) -> None:
        self._act: Callable[[], object] | None = None
        self._has_come = False

    def hold(self) -> None:
        """Record the signal for `lead_to`; called before the application is imported, in a process that is ours."""
        signal.signal(RENEWAL, self)

    def lead_to(self, act: Callable[[], object]) -> None:
        """Call act whenever the signal comes, in the main thread, from a signal handler; now if it has come."""
        self._act = act
        if self._has_come:
            self._has_come = False
            act()

    def __call__(self, number: int, frame: Any) -> None:
        """The signal has come."""
        if self._act is None:
            self._has_come = True
        else:
            self._act()
