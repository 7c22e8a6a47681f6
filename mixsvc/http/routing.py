"""The URL tree: the chat at its prefix, the WSGI application everywhere else."""

from collections.abc import Callable, Sequence
from functools import partial

from twisted.web import pages
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from mixsvc.common.http_grammar import HOST, ORIGIN
from mixsvc.http.hosts import replace_host
from mixsvc.http.page_request import IPages, PageRequest, ViewRequest, asked_by, send_answer
from mixsvc.http.request import MixRequest
from mixsvc.scripts.chat_scripts import ChatScripts

__all__ = ["ChatOnlyRoot", "Root"]


class ScriptResource(Resource):
    """The chat's scripts for other people's pages, beside the chat."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self._scripts = ChatScripts()

    def has(self, path: Sequence[bytes]) -> bool:
        """Whether there is such a script. path: the segments below the chat's prefix."""
        return self._scripts.has(path)

    def render(self, request: MixRequest) -> int:
        """The script, or what a client needs of it."""
        self.send(request.postpath or (), request)
        return NOT_DONE_YET

    def send(self, path: Sequence[bytes], request: ViewRequest) -> None:
        """Answer for a script that is there."""
        send_answer(request, self._scripts.answer(path, asked_by(request)))


@implementer(IPages)
class Root(Resource):
    """The root resource: passes each request on to the chat or to the application."""

    def __init__(self, application: IResource, chat: IResource, prefix: str) -> None:
        """prefix: the chat's path, such as /chat or /live/chat."""
        Resource.__init__(self)
        self._application = application
        self._chat = chat
        self._scripts = ScriptResource()
        self._prefix = [segment.encode("ascii") for segment in prefix.strip("/").split("/")]

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """The chat for its prefix and below; for every other path the application, which gets the whole path."""
        rest = request.postpath or []
        segments = [path, *rest]
        depth = len(self._prefix)
        if self._is_chat(segments):
            request.prepath = self._prefix[:]
            request.postpath = segments[depth:]
            return self._scripts if self._scripts.has(segments[depth:]) else self._chat
        request.prepath, request.postpath = [], segments
        return self._application

    def page_at(self, segments: Sequence[bytes]) -> Callable[[PageRequest], None] | None:
        """See IPages."""
        if self._is_chat(segments):
            path = segments[len(self._prefix) :]
            return partial(self._scripts.send, path) if self._scripts.has(path) else None
        pages = IPages(self._application, None)
        return pages.page_at(segments) if pages is not None else None

    def _is_chat(self, segments: Sequence[bytes]) -> bool:
        return segments[: len(self._prefix)] == self._prefix


class ChatOnlyRoot(Root):
    """The chat alone, on a port of its own beside another server, whose pages use it.

    To a browser the page and the chat have two origins, because their ports differ, though they share their cookies. So
    the chat takes a page on any port of the host that the browser asked for as a page of its own origin.
    """

    def __init__(self, chat: IResource, prefix: str) -> None:
        Root.__init__(self, pages.notFound(message="Only the chat is here."), chat, prefix)

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """The chat for its prefix and below."""
        origins = request.requestHeaders.getRawHeaders(b"origin") or []
        theirs = ORIGIN.fullmatch(origins[0].decode("latin-1")) if len(origins) == 1 else None
        ours = HOST.fullmatch((request.getHeader(b"host") or b"").decode("latin-1"))
        if theirs and ours and theirs["name"].lower() == ours["name"].lower():
            # The chat compares the origin with the Host.
            replace_host(request, theirs["host"].encode())
        return Root.getChildWithDefault(self, path, request)
