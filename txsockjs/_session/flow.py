"""Back-pressure: an application's producer waits while the client does not keep up."""

from typing import Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer

from txsockjs._session.session import Session

__all__ = ["FlowControl", "PullFlowControl", "PushFlowControl"]


class FlowControl(Protocol):
    """Drives one producer."""

    def flushed(self) -> None:
        """The session has sent what it could."""

    def stop(self) -> None:
        """The session is over."""


class PushFlowControl:
    """A producer that writes by itself: paused while the client lags."""

    def __init__(self, session: Session, producer: IPushProducer) -> None:
        self._session = session
        self._producer = producer
        self._is_paused = False

    def flushed(self) -> None:
        """Pause or resume when that has changed."""
        is_lagging = self._session.is_lagging
        if is_lagging != self._is_paused:
            self._is_paused = is_lagging
            if is_lagging:
                self._producer.pauseProducing()
            else:
                self._producer.resumeProducing()

    def stop(self) -> None:
        """Tell it for good."""
        self._producer.stopProducing()


class PullFlowControl:
    """A producer that writes once each time it is asked: asked while the client keeps up, once a turn."""

    def __init__(self, session: Session, producer: IPullProducer) -> None:
        self._session = session
        self._producer = producer

    def flushed(self) -> None:
        """Ask for more."""
        if not self._session.is_closing and not self._session.is_lagging:
            self._producer.resumeProducing()

    def stop(self) -> None:
        """Tell it for good."""
        self._producer.stopProducing()
