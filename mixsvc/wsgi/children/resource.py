"""The resource of twisted.web whose requests go to children."""

from collections.abc import Callable, Sequence

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from mixsvc.http.page_request import IPages, PageRequest, ViewRequest
from mixsvc.http.request import MixRequest
from mixsvc.wsgi.children.call import ChildCall
from mixsvc.wsgi.writer import HoldClient

__all__ = ["ChildResource"]


@implementer(IPages)
class ChildResource(Resource):
    """A path and everything below it; each request becomes a call. Used in the reactor thread."""

    # The application gets the rest of the path, as PATH_INFO.
    isLeaf = True

    def __init__(self, submit: Callable[[ChildCall], None], hold_client: HoldClient) -> None:
        """submit: takes a call for the process that will have room for it. hold_client: takes the clients that views
        leave to the service.
        """
        Resource.__init__(self)
        self._submit = submit
        self._hold_client = hold_client

    def render(self, request: MixRequest) -> int:
        """A child sends the response later."""
        self._begin(request)
        return NOT_DONE_YET

    def page_at(self, segments: Sequence[bytes]) -> Callable[[PageRequest], None]:
        """See IPages."""
        return self._begin

    def _begin(self, request: ViewRequest) -> None:
        self._submit(ChildCall(request, self._hold_client))
