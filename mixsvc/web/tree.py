"""The URL tree: the chat at its prefix, the WSGI application everywhere else."""

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

__all__ = ["Root"]


class Root(Resource):
    """Sends each request to the chat or to the application."""

    def __init__(self, application: IResource, chat: IResource, prefix: str) -> None:
        """prefix: the chat's path, such as /chat or /live/chat."""
        Resource.__init__(self)
        self._application = application
        self._chat = chat
        self._prefix = [segment.encode("ascii") for segment in prefix.strip("/").split("/")]

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """The chat for its prefix and all below; the application for the rest, with the whole path as its own."""
        rest = request.postpath or []
        segments = [path, *rest]
        depth = len(self._prefix)
        if segments[:depth] == self._prefix:
            request.prepath = self._prefix[:]
            request.postpath = segments[depth:]
            return self._chat
        request.prepath, request.postpath = [], segments
        return self._application
