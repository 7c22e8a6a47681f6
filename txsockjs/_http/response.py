"""An HTTP response as the receiver of a session: it carries one frame, or a stream of frames up to a limit."""

from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import ITCPTransport
from twisted.python.failure import Failure
from twisted.web.server import Request

from txsockjs._http.response_body import open_body
from txsockjs._protocol.frames import Framing
from txsockjs._session.registry import Registry
from txsockjs._session.session import Session
from txsockjs._socket.life_sign import LifeSign

__all__ = ["ResponseReceiver"]


class ResponseReceiver:
    """Writes frames to one response and ends it after `limit` bytes; after the first frame if the limit is 0."""

    def __init__(self, request: Request, session: Session, framing: Framing, limit: int, registry: Registry) -> None:
        """registry: the session's."""
        self._request = request
        self._session = session
        self._registry = registry
        self._left = limit
        self._is_ended = False
        self._life_sign: LifeSign | None = None
        self.framing = framing

    def start(self, prelude: bytes) -> None:
        """Write the prelude, which comes before the first frame, and attach to the session."""
        self._request.notifyFinish().addErrback(self._lost)
        if prelude:
            self._request.write(prelude)
        self._body = open_body(self._request, self._resumed)
        self.framing = self._body.framing(self.framing)
        self._session.attach(self)

    # For the session

    @property
    def writer(self) -> "ResponseReceiver":
        """The receiver itself: all frames are written in the same way."""
        return self

    @property
    def connection(self) -> object:
        """The transport of the request's connection."""
        return self._request.transport

    @property
    def ready(self) -> bool:
        """Whether the client keeps up."""
        return self._body.ready

    @property
    def acknowledged(self) -> int:
        """Bytes that the client's system has acknowledged so far; 0 where that is not known."""
        return self._body.acknowledged

    def send(self, data: bytes) -> None:
        """Write a frame that carries no messages."""
        self.write(data)

    def write(self, data: bytes) -> None:
        """Write one frame, as one chunk; end the response if it is full."""
        self._left -= self._body.write(data)
        if self._left <= 0:
            self._finish()

    def pause(self) -> None:
        """Do nothing: the client sends by other requests, which are refused when too many messages wait."""

    def resume(self) -> None:
        """Do nothing: `pause` has stopped nothing."""

    def heartbeat(self) -> None:
        """Send a heartbeat. Drop a client whose system acknowledges nothing within pong_timeout."""
        is_sent = self.ready
        if is_sent:
            self.send(self.framing.heartbeat)
        self._wait(is_sent)

    def check(self) -> None:
        """Drop the client if its system acknowledges nothing of what was sent within pong_timeout."""
        self._wait(self.ready)

    def _wait(self, is_sent: bool) -> None:
        if self._is_ended:
            return
        if self._life_sign is None:
            clock, seconds = self._registry.clock, self._registry.options.pong_timeout
            self._life_sign = LifeSign(clock, self._request.transport, seconds, self._gone)
        self._life_sign.wait(is_sent, must_answer=False)

    def _stop_life_sign(self) -> None:
        if self._life_sign is not None:
            self._life_sign.stop()

    def _gone(self) -> None:
        self.abort()
        self._lost(Failure(ConnectionLost("The client does not read")))

    def end(self, code: int, reason: str) -> None:
        """End the response; the close frame was sent."""
        self._finish()

    def abort(self) -> None:
        """Drop the connection of the request."""
        tcp = ITCPTransport(self._request.transport, None)
        if tcp is not None:
            # Not loseConnection, which would wait until the client has read what is buffered.
            tcp.abortConnection()
        else:
            # A stream of HTTP/2.
            self._request.loseConnection()

    def _finish(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._stop_life_sign()
            self._body.close()
            self._request.finish()
            self._session.detach(self)

    # For the connection

    def _resumed(self) -> None:
        if self._life_sign is not None:
            self._life_sign.caught_up()
        if not self._is_ended:
            self._session.flush()

    def _lost(self, reason: Failure) -> None:
        self._is_ended = True
        self._stop_life_sign()
        self._session.lose(self, reason)
