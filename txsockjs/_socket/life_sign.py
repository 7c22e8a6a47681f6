"""Waits for a sign of life of a client: the answer to a ping, or what its system acknowledges."""

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txsockjs._socket.tcp_info import progress

__all__ = ["LOOKS", "LifeSign"]

# How often in its time a client that is slow is looked at.
LOOKS: Final = 8


class LifeSign:
    """Calls `gone` unless the client shows within `seconds` that it is there.

    What shows it depends on how the client keeps up. One whose system has acknowledged what was sent, up to the ping,
    must answer the ping within that time; nothing that is sent behind the ping changes that. A client without pings has
    shown by the acknowledgement that it is there. A client that is slow has not got the ping yet: it stays while its
    system acknowledges anything within each `seconds`, and has the time for its answer once it has caught up.

    Where nothing is known of acknowledgements (see `progress`), only the answer counts. Belongs to the reactor thread.
    """

    __slots__ = (
        "_acknowledged",
        "_call",
        "_clock",
        "_end",
        "_gone",
        "_must_answer",
        "_seconds",
        "_target",
        "_transport",
    )

    def __init__(self, clock: IReactorTime, transport: object, seconds: float, gone: Callable[[], object]) -> None:
        self._clock = clock
        self._transport = transport
        self._seconds = seconds
        self._gone = gone
        self._call: IDelayedCall | None = None
        self._acknowledged = 0
        # What the client will have acknowledged when it has got what was sent; None if nothing was sent.
        self._target: int | None = None
        self._must_answer = False
        self._end = 0.0

    def wait(self, is_sent: bool, must_answer: bool) -> None:
        """Begin to wait. Does nothing if it waits already.

        is_sent: whether something was sent just now; if not, as the client does not keep up, any progress is a sign.
        must_answer: whether the client answers what was sent.
        """
        if self._call is not None:
            return
        self._acknowledged, waiting = progress(self._transport)
        self._target = self._acknowledged + waiting if is_sent else None
        self._must_answer = must_answer
        self._end = self._clock.seconds() + self._seconds
        self._call = self._clock.callLater(self._seconds / LOOKS, self._look_first)

    def stop(self) -> None:
        """The client is there, or does not matter any more. Does nothing if it does not wait."""
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()

    def caught_up(self) -> None:
        """The client has read what waited for it: that is a sign, unless it has something to answer."""
        if self._target is None:
            self.stop()

    def _look_first(self) -> None:
        acknowledged, _ = progress(self._transport)
        if self._target is None or acknowledged < self._target:
            self._look()
        elif self._must_answer:
            self._call = self._clock.callLater(max(self._end - self._clock.seconds(), 0), self._over)
        else:
            self._call = None

    def _look(self) -> None:
        """Look at a client that is slow."""
        now = self._clock.seconds()
        acknowledged, waiting = progress(self._transport)
        if acknowledged != self._acknowledged:
            self._acknowledged, self._end = acknowledged, now + self._seconds
        if self._target is not None and acknowledged >= self._target and not self._must_answer:
            self._call = None
        elif self._target is not None and not waiting:
            self._call = self._clock.callLater(self._seconds, self._over)
        elif now >= self._end:
            self._over()
        else:
            self._call = self._clock.callLater(min(self._seconds / LOOKS, self._end - now), self._look)

    def _over(self) -> None:
        # In the next turn: if the whole process stood still, the sign has come and is still to be read.
        self._call = self._clock.callLater(0, self._call_gone)

    def _call_gone(self) -> None:
        self._call = None
        self._gone()
