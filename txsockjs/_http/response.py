"""An HTTP response as the receiver of a session: one frame for a poll, a limited stream of them for the others."""

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ITCPTransport
from twisted.python.failure import Failure
from twisted.web.server import Request

from txsockjs._http.response_body import open_body
from txsockjs._protocol.frames import Framing
from txsockjs._session.session import Session

__all__ = ["ResponseReceiver"]


class ResponseReceiver:
    """Writes frames to one response and ends it after `limit` bytes; a limit of 0 ends it after the first frame."""

    def __init__(self, request: Request, session: Session, framing: Framing, limit: int) -> None:
        self._request = request
        self._session = session
        self._left = limit
        self._is_ended = False
        # What the client had acknowledged at the last beat that found it lagging.
        self._acknowledged = -1
        self.framing = framing

    def start(self, prelude: bytes) -> None:
        """Write what comes before the first frame and attach to the session."""
        self._request.notifyFinish().addErrback(self._lost)
        if prelude:
            self._request.write(prelude)
        self._body = open_body(self._request, self._resumed)
        self.framing = self._body.framing(self.framing)
        self._session.attach(self)

    # For the session

    @property
    def writer(self) -> "ResponseReceiver":
        """Frames with messages go the same way as the others."""
        return self

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""
        return self._body.ready

    @property
    def acknowledged(self) -> int:
        """Bytes that the client has acknowledged so far."""
        return self._body.acknowledged

    def send(self, data: bytes) -> None:
        """A frame without messages."""
        self.write(data)

    def write(self, data: bytes) -> None:
        """One frame, as one chunk."""
        self._left -= self._body.write(data)
        if self._left <= 0:
            self._finish()

    def pause(self) -> None:
        """What the client sends comes by requests of its own, which are refused when too much waits."""

    def resume(self) -> None:
        """Nothing was stopped."""

    def heartbeat(self) -> None:
        """Send a heartbeat; a client that lags and took nothing since the beat before is gone."""
        if self.ready:
            self.send(self.framing.heartbeat)
            return
        before, self._acknowledged = self._acknowledged, self.acknowledged
        if self._acknowledged == before:
            # Not loseConnection: it would wait for the client to read what is buffered.
            ITCPTransport(self._request.transport).abortConnection()
            self._lost(Failure(ConnectionLost("The client does not read")))

    def end(self, code: int, reason: str) -> None:
        """The close frame was sent."""
        self._finish()

    def _finish(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._body.close()
            self._request.finish()
            self._session.detach(self)

    # For the connection

    def _resumed(self) -> None:
        if not self._is_ended:
            self._session.flush()

    def _lost(self, reason: Failure) -> None:
        self._is_ended = True
        self._session.lose(self, reason)
