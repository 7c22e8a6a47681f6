"""What the access log and the metrics need of a request whose connection was taken over."""

from typing import Any, Final

from mixsvc.http.request import MixRequest

__all__ = ["HeldRecord"]

OK: Final = 200


class HeldRecord:
    """Stands for a request until its response is complete, with the attributes of one; a request needs more memory.

    sentLength: bytes of the body.
    """

    __slots__ = ("_client", "_fields", "began", "clientproto", "code", "method", "path", "sentLength", "site", "uri")

    # See MixRequest.
    is_held = True

    def __init__(self, request: MixRequest) -> None:
        self._client = request.getClientAddress()
        self._fields = request.requestHeaders
        self.began = request.began
        self.clientproto = request.clientproto
        self.code = OK
        self.method = request.method
        self.path = request.path
        self.sentLength = 0
        self.site = request.channel.site
        self.uri = request.uri

    def answered(self) -> None:
        """The response is complete: log it, and count it."""
        self.site.log(self)

    def getClientAddress(self) -> Any:
        """As twisted.web.http.Request has it."""
        return self._client

    def getHeader(self, name: bytes) -> bytes | None:
        """As twisted.web.http.Request has it."""
        values = self._fields.getRawHeaders(name)
        return bytes(values[-1]) if values else None
