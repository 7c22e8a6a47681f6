"""One message to many sessions."""

from collections.abc import Iterable
from typing import Any

from txsockjs._protocol.frames import XHR, Message
from txsockjs._protocol.text import as_utf8
from txsockjs._session.batch import Batch, LastBroadcast
from txsockjs._session.session import Session
from txsockjs._session.states import OPEN
from txsockjs._session.transport import SockJSTransport

__all__ = ["send_to_all"]


def send_to_all(message: Message, targets: Iterable[Any]) -> None:
    """Send the message to transports: as a frame to what has writeRaw(frame), in UTF-8 to what only has write(data)."""
    # What a target does may change the collection.
    members = targets.copy() if isinstance(targets, set | list) else tuple(targets)
    first = next(iter(members), None)
    if not isinstance(first, SockJSTransport):
        _Fanout(message).all(members)
        return
    scheduler = first.session.scheduler
    if scheduler.last_broadcast is None or not scheduler.last_broadcast.add(members, len(members), message):
        visit = _Fanout(message)
        visit.all(members)
        scheduler.last_broadcast = LastBroadcast(members, visit.fresh)


class _Fanout:
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
                        session.replace_batch(fresh)
                    else:
                        self._lengthen(session, session.batch)
            elif (write_raw := getattr(target, "writeRaw", None)) is not None:
                write_raw(XHR.encode([self._message])[:-1])
            else:
                target.write(as_utf8(self._message.text))

    def _lengthen(self, session: Session, batch: Batch) -> None:
        if batch.holders == 1 and batch not in self._made:
            batch.add(self._message)
            return
        longer = self._longer.get(batch)
        if longer is None:
            longer = self._longer[batch] = batch.with_another(self._message)
            self._made.add(longer)
        session.replace_batch(longer)
