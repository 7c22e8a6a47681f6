"""A request as the target of a long response: what ResponseStream does with it, at the service."""

from twisted.internet.interfaces import IPushProducer

from mixsvc.http.request import MixRequest
from mixsvc.wsgi.response_head import ResponseHead

__all__ = ["RequestTarget"]


class RequestTarget:
    """Sends one response through its MixRequest; a StreamTarget (mixsvc.wsgi.stream). Used in the reactor thread."""

    def __init__(self, request: MixRequest) -> None:
        self._request = request

    @property
    def client(self) -> str:
        """The client's address, for logs."""
        return str(getattr(self._request.getClientAddress(), "host", "-"))

    def begin(self, head: ResponseHead, producer: IPushProducer) -> None:
        """Send the head. producer: is told when the transport is full, and when it is empty again."""
        request = self._request
        request.setResponseCode(head.code, head.reason)
        # The application sets its own Content-Type, or none.
        request.defaultContentType = None
        for name, _ in head.headers:
            request.responseHeaders.removeHeader(name)
        for name, value in head.headers:
            request.responseHeaders.addRawHeader(name, value)
        request.registerProducer(producer, True)

    def write(self, data: bytes) -> None:
        """Send a part of the body."""
        self._request.write(data)

    def finish(self) -> None:
        """The response is complete, and the transport has taken it."""
        self._request.unregisterProducer()
        self._request.finish()

    def drop(self) -> None:
        """Close the connection once the client has taken what was sent."""
        self._request.unregisterProducer()
        self._request.loseConnection()

    def drop_unread(self) -> None:
        """Close the connection at once."""
        self._request.channel.drop_unread()
