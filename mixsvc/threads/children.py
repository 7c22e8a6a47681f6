"""A child that a thread of the running service has forked: it has that thread alone, and no reactor.

`os.fork`, multiprocessing and concurrent.futures fork in a view's thread. The child does what the view wants it to. It
must not go back to its parent's work: there a view has no client, and its thread would wait for requests for ever.
"""

import os
import sys
from threading import get_ident

__all__ = ["ForkedChild", "this_process"]


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


def _status(error: BaseException | None) -> int:
    if isinstance(error, SystemExit):
        return error.code & 0xFF if isinstance(error.code, int) else int(error.code is not None)
    return int(error is not None)


this_process = ForkedChild()
