"""The response of one call, written as frames. In the child."""

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IPushProducer

from mixsvc.interfaces.holds import Hold
from mixsvc.wsgi.children.environ_frame import encode_head
from mixsvc.wsgi.children.frames import Failing, FrameType, encode_frame
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.stream import ResponseStream, WriterContext

__all__ = ["RemoteTarget", "RemoteWriter"]

# Bytes of one response that may be on their way; then it waits until the service's transport has taken some.
MAX_UNTAKEN: Final = 131072


class RemoteTarget:
    """Where a long response goes: a StreamTarget. Used in the loop thread."""

    def __init__(self, id: int, client: str, send: Callable[[bytes], None], ended: Callable[[int], None]) -> None:
        """ended: called once, with the id, when nothing more is sent."""
        self.client = client
        self._id = id
        self._send = send
        self._ended = ended
        self._producer: IPushProducer | None = None
        self._untaken = 0
        self._is_paused = False
        # Whether nothing more is sent.
        self.is_over = False

    def begin(self, head: ResponseHead, producer: IPushProducer) -> None:
        """See StreamTarget."""
        self._producer = producer
        self._send(encode_frame(FrameType.BEGIN, self._id, encode_head(head)))

    def write(self, data: bytes) -> None:
        """See StreamTarget."""
        self._send(encode_frame(FrameType.WRITE, self._id, data))
        self._untaken += len(data)
        if self._untaken >= MAX_UNTAKEN and not self._is_paused and self._producer is not None:
            self._is_paused = True
            self._producer.pauseProducing()

    def finish(self) -> None:
        """See StreamTarget."""
        self._end(encode_frame(FrameType.END, self._id))

    def drop(self) -> None:
        """See StreamTarget."""
        self._end(encode_frame(FrameType.FAIL, self._id, Failing.ABORT))

    def drop_unread(self) -> None:
        """See StreamTarget."""
        self._end(encode_frame(FrameType.FAIL, self._id, Failing.UNREAD))

    def taken(self, size: int) -> None:
        """The service's transport has taken so many bytes."""
        self._untaken -= size
        if self._is_paused and self._untaken < MAX_UNTAKEN and self._producer is not None:
            self._is_paused = False
            self._producer.resumeProducing()

    def gone(self) -> None:
        """The client has left."""
        if not self.is_over:
            self.finish()

    def _end(self, frame: bytes) -> None:
        self._send(frame)
        self.is_over = True
        self._ended(self._id)


class RemoteWriter:
    """The ResponseSink of a call. Its view's thread calls the public methods down to `abort`.

    is_running: whether the view's thread still works. Belongs to whoever made this.
    """

    is_running = True
    # Most responses are whole, and need neither.
    _target: RemoteTarget | None = None
    _stream: ResponseStream | None = None
    _is_disconnected = False

    def __init__(
        self, context: WriterContext, id: int, client: str, send: Callable[[bytes], None], ended: Callable[[int], None]
    ) -> None:
        """client: the address, for logs. ended: see RemoteTarget."""
        self._context = context
        self._id = id
        self._client = client
        self._send = send
        self._ended = ended

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        """Send a whole response. body: at most WHOLE_BYTES."""
        self._send(encode_frame(FrameType.WHOLE, self._id, encode_head(head, body)))

    def hold(self, head: ResponseHead, hold: Hold) -> None:
        """Leave the client to the service."""
        self._send(encode_frame(FrameType.HOLD, self._id, encode_head(head, hold.encode())))

    def start(self, head: ResponseHead) -> ResponseStream:
        """Send the head of a response, whose body follows."""
        self._target = target = RemoteTarget(self._id, self._client, self._send, self._ended)
        self._stream = stream = ResponseStream(self._context, target)
        self._context.call_in_reactor(self._start_now, stream, head)
        return stream

    def abort(self) -> None:
        """Give up: the service responds with status 500 if nothing was sent yet, else it closes the connection."""
        if self._stream is not None:
            self._stream.abort()
        else:
            self._send(encode_frame(FrameType.FAIL, self._id, Failing.ABORT))

    @property
    def is_sending(self) -> bool:
        """Whether more of a long response may be sent. Any thread, after the view's call."""
        return self._target is not None and not self._target.is_over

    def taken(self, size: int) -> None:
        """The service's transport has taken so many bytes. Loop thread."""
        if self._target is not None:
            self._target.taken(size)

    def disconnected(self) -> None:
        """The client has left. Loop thread."""
        self._is_disconnected = True
        if self._stream is not None:
            self._leave(self._stream)

    def _start_now(self, stream: ResponseStream, head: ResponseHead) -> None:
        if self._is_disconnected:
            self._leave(stream)
        else:
            stream.begin(head)

    def _leave(self, stream: ResponseStream) -> None:
        stream.disconnected()
        assert self._target is not None
        self._target.gone()
