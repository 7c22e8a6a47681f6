"""What all endpoints of a service have in common: their methods, OPTIONS, refusals; and the 404."""

from typing import ClassVar

from twisted.web.resource import NoResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.headers import allow_cross_origin, allow_long, forbid_caching, is_allowed, set_cookie
from txsockjs._http.service import Service
from txsockjs._protocol.errors import ClientError

__all__ = ["Endpoint", "NotFound", "answer"]


def answer(request: Request, status: int, text: bytes, content_type: bytes = b"text/plain; charset=UTF-8") -> int:
    """Send a whole response. Returns what `render` returns."""
    request.setResponseCode(status)
    request.setHeader(b"content-type", content_type)
    request.setHeader(b"content-length", b"%d" % len(text))
    request.write(text)
    request.finish()
    return NOT_DONE_YET


# A NoResource, because code for txsockjs 1.2.2 checks for it.
class NotFound(NoResource):
    """404 in plain text, with CORS headers: without them a browser hides the status from the script."""

    isLeaf = True

    def __init__(self, service: Service) -> None:
        # NoResource.__init__ warns that it is deprecated.
        Resource.__init__(self)
        self._service = service

    def render(self, request: Request) -> int:
        """Answer a request of any method."""
        allow_cross_origin(request, self._service.options)
        return answer(request, 404, b"Not found.\n")


class Endpoint(Resource):
    """A URL that answers one method, and OPTIONS.

    method: the one that it answers. has_head: whether it answers HEAD, too. has_cookie: whether it sets the cookie of
    the option cookie_needed. is_guarded: whether the option origins applies.
    """

    isLeaf = True
    method: ClassVar[bytes] = b"GET"
    has_head: ClassVar[bool] = False
    has_cookie: ClassVar[bool] = True
    is_guarded: ClassVar[bool] = True

    def __init__(self, service: Service) -> None:
        Resource.__init__(self)
        self.service = service

    def render(self, request: Request) -> int:
        """Answer OPTIONS and the endpoint's own method.

        405 for another method, 403 for an origin that is not allowed.
        """
        allow_cross_origin(request, self.service.options)
        if request.method == b"OPTIONS":
            return self._options(request)
        if request.method not in self._methods():
            return self._not_allowed(request)
        if self.is_guarded and not is_allowed(request, self.service.options):
            return answer(request, 403, b"This origin may not connect.\n")
        forbid_caching(request)
        if self.has_cookie:
            set_cookie(request, self.service.options)
        try:
            return self.respond(request)
        except ClientError as error:
            return answer(request, error.status, str(error).encode("utf-8"))

    def respond(self, request: Request) -> int:
        """Answer a request of the endpoint's method. Raises ClientError, which becomes the response."""
        raise NotImplementedError

    def _methods(self) -> tuple[bytes, ...]:
        # Twisted leaves the body out of a response to HEAD.
        return (self.method, b"HEAD") if self.has_head else (self.method,)

    def _options(self, request: Request) -> int:
        allow_long(request, self.service.wall_clock())
        request.setHeader(b"access-control-max-age", b"31536000")
        request.setHeader(b"access-control-allow-methods", b"OPTIONS, " + self.method)
        if self.has_cookie:
            set_cookie(request, self.service.options)
        return self._empty(request, 204)

    def _not_allowed(self, request: Request) -> int:
        request.setHeader(b"allow", b", ".join((b"OPTIONS", *self._methods())))
        return self._empty(request, 405)

    def _empty(self, request: Request, status: int) -> int:
        request.setResponseCode(status)
        # Twisted would set a Content-Type, which a response without a body must not have.
        request.defaultContentType = None
        if status != 204:
            request.setHeader(b"content-length", b"0")
        request.finish()
        return NOT_DONE_YET
