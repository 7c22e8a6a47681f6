"""What a view of the running service has started knows that it is not the service.

A child that a thread has forked has that thread alone, and no reactor. `os.fork`, multiprocessing and
concurrent.futures fork in a view's thread. The child does what the view wants it to. It must not go back to its
parent's work: there a view has no client, and its thread would wait for requests for ever.

A child that multiprocessing spawns, and any other program, has nothing of the service. Its `mix` would start a service
of its own, as in another WSGI server: with other settings, in whatever folder it is.
"""

import os
import sys
from threading import get_ident
from typing import Final

__all__ = ["ForkedChild", "mark_programs", "refuse_in_program", "this_process"]

# In the environment of every program that the service, or a process of its views, starts.
VARIABLE: Final = "MIXSVC_SERVICE"


class ForkedChild:
    """Whether this process is such a child; mixsvc.operations.forks notices it."""

    def __init__(self) -> None:
        self.is_one = False
        self._thread = 0

    def begin(self) -> None:
        """From now on this process is one; called in the thread that has forked."""
        self.is_one = True
        self._thread = get_ident()

    def leave(self) -> None:
        """End such a child; called where a thread goes back to the work of the parent. Does nothing in the parent.

        The status is that of a program that ends here: 0, what sys.exit was called with, or 1 after another exception.
        On gevent other greenlets than the one that has forked are there, too, and only end themselves.
        """
        if not self.is_one:
            return
        if get_ident() != self._thread:
            raise SystemExit
        os._exit(_status(sys.exc_info()[1]))


def mark_programs() -> None:
    """Mark all programs that this process starts from now on, and those that they start."""
    os.environ[VARIABLE] = "parent"


def refuse_in_program() -> None:
    """Raise RuntimeError in a program that is marked."""
    if VARIABLE in os.environ:
        raise RuntimeError(
            "a view of the service has started this process, which cannot use mix; a program that is to start a "
            f"service of its own needs an environment without {VARIABLE}"
        )


def _status(error: BaseException | None) -> int:
    if isinstance(error, SystemExit):
        return error.code & 0xFF if isinstance(error.code, int) else int(error.code is not None)
    return int(error is not None)


this_process = ForkedChild()
