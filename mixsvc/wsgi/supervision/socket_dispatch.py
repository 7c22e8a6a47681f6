"""Which child gets a request whose view may take its client's socket."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from mixsvc.sockets.admission import SocketAdmission
from mixsvc.sockets.offer import SocketOffer
from mixsvc.wsgi.supervision.interfaces import SupervisedProcess
from mixsvc.wsgi.supervision.slots import Slots, ready_in

__all__ = ["SocketDispatch"]


class SocketDispatch:
    """Gives each to the ready child with the fewest, so none has more than its threads. Used in the reactor thread."""

    def __init__(self, clock: IReactorTime, slots: Slots, threads: int, is_hopeless: Callable[[], bool]) -> None:
        """threads: for such views, of each child. is_hopeless: whether no child will be ready soon if none is."""
        self._is_hopeless = is_hopeless
        self._slots = slots
        self._threads = threads
        self._admission: SocketAdmission[SocketOffer] = SocketAdmission(clock, self._most)

    def submit(self, offer: SocketOffer) -> None:
        """Let its view run in a child, now or soon, or refuse it."""
        if self._is_hopeless() and not ready_in(self._slots):
            offer.refuse("unavailable")
            return
        offer.admission = self._admission
        self._admission.submit(offer)

    def freest(self) -> SupervisedProcess:
        """The child for the view that begins now."""
        return min(ready_in(self._slots), key=lambda process: process.sockets)

    def go_on(self) -> None:
        """Another child is ready, or one fewer."""
        if self._is_hopeless() and not ready_in(self._slots):
            self.refuse_waiting()
        self._admission.go_on()

    def refuse_waiting(self) -> None:
        """Refuse those that wait."""
        self._admission.refuse_waiting(lambda offer: offer.refuse("unavailable"))

    def _most(self) -> int:
        """Those of children that leave end by themselves, and are none of the threads of the others."""
        ready = ready_in(self._slots)
        leaving = [process.sockets for slot in self._slots for process in slot.living if process not in ready]
        return self._threads * len(ready) + sum(leaving) if ready else 0
