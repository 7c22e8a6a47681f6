"""A clock that ends a turn whatever happens in it."""

from typing import Final

from twisted.internet.task import Clock

__all__ = ["MOST_TURNS", "TurnClock"]

# How many turns of the reactor one `advance` makes at most.
MOST_TURNS: Final = 1000


class TurnClock(Clock):
    """A Clock whose `advance` ends even if each call makes another for the same moment, as an endless producer does.

    As in a reactor, what is due is called in one turn, and what is made due meanwhile in the next one. After MOST_TURNS
    of them the rest waits for the next `advance`.
    """

    def advance(self, amount: float) -> None:
        """Let time pass, and make the calls that are due."""
        self.rightNow += amount
        for _ in range(MOST_TURNS):
            due = [call for call in self.calls if call.getTime() <= self.rightNow]
            if not due:
                return
            for call in due:
                # One may have cancelled another, or put it off.
                if call.active() and call.getTime() <= self.rightNow:
                    self.calls.remove(call)
                    call.called = True
                    call.func(*call.args, **call.kw)
