"""Flow control: an application's producer waits while the client does not keep up."""

from typing import Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer

from txsockjs._session.session import Session

__all__ = ["FlowControl", "PullFlowControl", "PushFlowControl"]


class FlowControl(Protocol):
    """Tells one producer when to produce."""

    def flushed(self) -> None:
        """The session was flushed: it has sent what its client takes."""

    def stop(self) -> None:
        """The session has ended: stop the producer."""


class PushFlowControl:
    """For a push producer, which writes by itself: it is paused while the client lags behind."""

    def __init__(self, session: Session, producer: IPushProducer) -> None:
        self._session = session
        self._producer = producer
        self._is_paused = False

    def flushed(self) -> None:
        """Pause the producer when the client begins to lag; resume it when the client has caught up."""
        is_lagging = self._session.is_lagging
        if is_lagging != self._is_paused:
            self._is_paused = is_lagging
            if is_lagging:
                self._producer.pauseProducing()
            else:
                self._producer.resumeProducing()

    def stop(self) -> None:
        """Stop the producer."""
        self._producer.stopProducing()


class PullFlowControl:
    """For a pull producer, which writes once each time it is asked.

    It is asked once a turn while the client keeps up.
    """

    def __init__(self, session: Session, producer: IPullProducer) -> None:
        self._session = session
        self._producer = producer

    def flushed(self) -> None:
        """Ask for one more write."""
        if self._session.may_send and not self._session.is_lagging:
            self._producer.resumeProducing()

    def stop(self) -> None:
        """Stop the producer."""
        self._producer.stopProducing()
