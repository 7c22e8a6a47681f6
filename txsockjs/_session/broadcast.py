"""One message to many sessions; _session/__init__.py explains how it is made cheap."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from txsockjs._protocol.frames import XHR, Message
from txsockjs._protocol.text import as_utf8
from txsockjs._session.batch import Batch, LastBroadcast
from txsockjs._session.session import Session
from txsockjs._session.states import OPEN
from txsockjs._session.transport import SockJSTransport

__all__ = ["send_to_all"]

SCHEDULER: Final = attrgetter("scheduler")


def send_to_all(message: Message, targets: Iterable[Any]) -> None:
    """Send the message to each target; called in the reactor thread.

    A SockJSTransport gets the message. Another target gets a SockJS frame if it has writeRaw(frame), else UTF-8 by
    write(data).
    """
    # A copy: what a target does when it is written to may change the collection.
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
    """Visits every target. Sessions that shared a batch before share a batch afterwards."""

    def __init__(self, message: Message) -> None:
        self._message = message
        # For sessions that had no batch.
        self.fresh = Batch([message], message.size)
        self._longer: dict[Batch, Batch] = {}
        self._made = {self.fresh}

    def all(self, targets: Iterable[Any]) -> None:
        """Send to each target. This loop is what a broadcast costs for each recipient, besides `flush_together`."""
        fresh, taking = self.fresh, []
        try:
            for target in targets:
                if isinstance(target, SockJSTransport):
                    session = target.session
                    if session.state is OPEN:
                        if session.batch is None:
                            session.batch = fresh
                            taking.append(session)
                        else:
                            self._lengthen(session, session.batch)
                else:
                    self._write(target)
        finally:
            # Whatever a target that is no session does, those that have the batch are flushed.
            fresh.holders += len(taking)
            for scheduler, sessions in groupby(taking, SCHEDULER):
                scheduler.flush_all_later(sessions)

    def _write(self, target: Any) -> None:
        if (write_raw := getattr(target, "writeRaw", None)) is not None:
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
