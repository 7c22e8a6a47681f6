"""One message to many sessions."""

from collections.abc import Iterable
from typing import Any

from txsockjs._protocol.frames import XHR, Message
from txsockjs._session.batch import Batch, Crowd
from txsockjs._session.session import Session
from txsockjs._session.states import OPEN
from txsockjs._session.transport import SockJSTransport

__all__ = ["spread"]


def spread(message: Message, targets: Iterable[Any]) -> None:
    """Send the message to transports: as a frame to what has writeRaw(frame), in UTF-8 to what only has write(data)."""
    # What a target does may change the collection.
    members = targets.copy() if isinstance(targets, set | list) else tuple(targets)
    first = next(iter(members), None)
    if not isinstance(first, SockJSTransport):
        _Visit(message).all(members)
        return
    turn = first.session.turn
    if turn.crowd is None or not turn.crowd.add(members, len(members), message):
        visit = _Visit(message)
        visit.all(members)
        turn.crowd = Crowd(members, visit.fresh)


class _Visit:
    """Sends to one target after the other; those who held the same before hold the same afterwards."""

    def __init__(self, message: Message) -> None:
        self._message = message
        # What those get who held nothing.
        self.fresh = Batch([message], message.size)
        self._longer: dict[Batch, Batch] = {}
        self._made = {self.fresh}

    def all(self, targets: Iterable[Any]) -> None:
        """In a loop of its own: this is what a broadcast costs for each recipient, besides the system call."""
        fresh = self.fresh
        for target in targets:
            if isinstance(target, SockJSTransport):
                session = target.session
                if session.state is OPEN:
                    if session.batch is None:
                        session.hold(fresh)
                    else:
                        self._lengthen(session, session.batch)
            elif (write_raw := getattr(target, "writeRaw", None)) is not None:
                write_raw(XHR.encode([self._message])[:-1])
            else:
                target.write(self._message.text.encode("utf-8", "surrogatepass"))

    def _lengthen(self, session: Session, batch: Batch) -> None:
        if batch.holders == 1 and batch not in self._made:
            batch.add(self._message)
            return
        longer = self._longer.get(batch)
        if longer is None:
            longer = self._longer[batch] = batch.with_another(self._message)
            self._made.add(longer)
        session.hold(longer)
