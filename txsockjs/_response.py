"""An HTTP response as the receiver of a session: one frame for a poll, a limited stream of them for the others."""

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from txsockjs._frames import Framing
from txsockjs._session import Session

__all__ = ["ResponseReceiver"]


@implementer(IPushProducer)
class ResponseReceiver:
    """Writes frames to one response and ends it after `limit` bytes; a limit of 0 ends it after the first frame."""

    def __init__(self, request: Request, session: Session, framing: Framing, limit: int) -> None:
        self.framing = framing
        self.ready = True
        self._request = request
        self._session = session
        self._left = limit
        self._is_ended = False

    def start(self, prelude: bytes) -> None:
        """Write what comes before the first frame and attach to the session."""
        self._request.notifyFinish().addErrback(self._lost)
        self._request.registerProducer(self, True)
        if prelude:
            self._request.write(prelude)
        self._session.attach(self)

    # For the session

    @property
    def outlet(self) -> "ResponseReceiver":
        """Frames with messages go the same way as the others."""
        return self

    def send(self, data: bytes) -> None:
        """A frame without messages."""
        self.write(data)

    def write(self, data: bytes) -> None:
        """One frame, as one chunk."""
        self._request.write(data)
        self._left -= len(data)
        if self._left <= 0:
            self._finish()

    def beat(self) -> None:
        """Send a heartbeat; a client that took nothing during a whole beat is gone."""
        if self.ready:
            self.send(self.framing.wrap(b"h"))
        else:
            # Not loseConnection: it would wait for the client to read what is buffered.
            ITCPTransport(self._request.transport).abortConnection()
            self._lost(Failure(ConnectionLost("The client does not read")))

    def end(self, code: int, reason: str) -> None:
        """The close frame was sent."""
        self._finish()

    def _finish(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._request.unregisterProducer()
            self._request.finish()
            self._session.detach(self)

    def _lost(self, reason: Failure) -> None:
        self._is_ended = True
        self._session.lose(self, reason)

    # For the connection

    def pauseProducing(self) -> None:
        """The client lags: what follows waits in the session's outbox."""
        self.ready = False

    def resumeProducing(self) -> None:
        """It has caught up."""
        self.ready = True
        if not self._is_ended:
            self._session.flush()

    def stopProducing(self) -> None:
        """The connection is closing; `_lost` will tell."""
        self.ready = False
