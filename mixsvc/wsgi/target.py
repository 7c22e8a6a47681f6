"""A request as the target of a long response: what ResponseStream does with it, at the service."""

from twisted.internet.interfaces import IPushProducer

from mixsvc.http.page_request import ViewRequest
from mixsvc.http.request import MixRequest
from mixsvc.wsgi.response_head import ResponseHead

__all__ = ["RequestTarget"]


class RequestTarget:
    """Sends one response through its MixRequest; a StreamTarget (mixsvc.wsgi.stream). Used in the reactor thread."""

    def __init__(self, request: ViewRequest) -> None:
        self._asked = request
        # Set by `begin`, which is called before everything else.
        self._request: MixRequest

    @property
    def client(self) -> str:
        """The client's address, for logs."""
        return str(getattr(self._asked.sender and self._asked.sender.client, "host", "-"))

    def begin(self, head: ResponseHead, producer: IPushProducer) -> None:
        """Send the head. producer: is told when the transport is full, and when it is empty again."""
        self._request = request = self._asked.for_stream()
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
