"""Who has done what the journal says: whoever has posted an event waits until all nodes have."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from mixsvc.errors import ServiceBusy
from mixsvc.nodes.hints import LifeSign
from mixsvc.nodes.interfaces import Bus

__all__ = ["CONFIRMED", "Confirmations"]

# The member of an event's body that says that whoever has posted it waits for all nodes.
CONFIRMED: Final = "is_confirmed"

# This node among those that are waited for.
OWN: Final = 0


@dataclass(eq=False)
class _Waiting:
    """Somebody waits until these nodes have done an event."""

    number: int
    nodes: set[int]
    done: "Deferred[None]"
    timeout: IDelayedCall


class Confirmations:
    """What the other nodes have done of the journal, and this one. Reactor thread.

    Each node tells up to which event it has done everything, as soon as it has done one that somebody waits for, and
    with each heartbeat. Nobody waits longer for a node than until the others give it up.
    """

    def __init__(self, clock: IReactorTime, bus: Bus, others: Callable[[], Collection[int]], patience: float) -> None:
        """others: returns the other nodes that live. patience: how long one of them is waited for, in seconds."""
        self._clock = clock
        self._bus = bus
        self._others = others
        self._patience = patience
        self._done: dict[int, int] = {}
        self._waiting: list[_Waiting] = []
        # What is applied here, which of it has not ended yet, and whether there is something to tell.
        self._applied = 0
        self._running: dict[int, None] = {}
        self._is_due = False
        bus.listen(LifeSign, self._heard)

    def applied(self, number: int) -> None:
        """This node has applied the journal up to this number."""
        self._applied = number
        if self._is_due:
            self.tell()

    def begun(self, number: int) -> None:
        """This node begins to do an event that somebody waits for."""
        self._running[number] = None

    def ended(self, number: int) -> None:
        """It has done that."""
        del self._running[number]
        self._is_due = True
        if number <= self._applied:
            self.tell()

    def tell(self) -> None:
        """Tell the others what is done here."""
        self._is_due = False
        sign = LifeSign(OWN, min(self._running, default=self._applied + 1) - 1)
        self._bus.tell(sign)
        self._heard(sign)

    def wait(self, number: int) -> "Deferred[None]":
        """Fires when all nodes that live now have done an event. Fails with ServiceBusy if one does not in time."""
        nodes = {node for node in (OWN, *self._others()) if self._done.get(node, 0) < number}
        done: Deferred[None] = Deferred()
        waiting = _Waiting(number, nodes, done, self._clock.callLater(self._patience, self._give_up, done))
        self._waiting.append(waiting)
        return done

    def living(self) -> None:
        """Others may have gone: nobody waits for them any more."""
        living = {OWN, *self._others()}
        self._done = {node: number for node, number in self._done.items() if node in living}
        for each in self._waiting:
            each.nodes &= living
        self._settle()

    def _heard(self, sign: LifeSign) -> None:
        self._done[sign.node] = max(sign.done, self._done.get(sign.node, 0))
        for each in self._waiting:
            if sign.done >= each.number:
                each.nodes.discard(sign.node)
        self._settle()

    def _settle(self) -> None:
        ready = [each for each in self._waiting if not each.nodes]
        self._waiting = [each for each in self._waiting if each.nodes]
        for each in ready:
            each.timeout.cancel()
            each.done.callback(None)

    def _give_up(self, done: "Deferred[None]") -> None:
        (waiting,) = [each for each in self._waiting if each.done is done]
        self._waiting.remove(waiting)
        late = ", ".join("this one" if node == OWN else f"number {node}" for node in sorted(waiting.nodes))
        done.errback(ServiceBusy(f"it is stored, but these nodes have not done it yet: {late}"))
