"""The resource before the application: answers some requests in the reactor, and passes the others on."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from zope.interface import implementer

from mixsvc.answers.answer import Answer, RefusedAnswer
from mixsvc.answers.asked import Asked
from mixsvc.answers.past import NotKept
from mixsvc.answers.policy import PagePolicy, ReadingSites
from mixsvc.config.settings import Settings
from mixsvc.direct.front import FrontPage
from mixsvc.direct.kept import KeptAnswers
from mixsvc.direct.routes import DirectSources, LeftToView, Route, Routes
from mixsvc.http.page_request import IPages, PageRequest, asked_by, send_answer
from mixsvc.threads.limited_runs import LimitedRuns

__all__ = ["DirectPages", "direct_pages"]

T = TypeVar("T")

# Runs a function in a thread; fires in the reactor thread.
InThread: TypeAlias = Callable[[Callable[[], Answer]], "Deferred[Answer]"]

Pass: TypeAlias = Callable[[PageRequest], None]

METHODS: Final = (b"GET", b"HEAD")

# To weigh the media types of an Accept with more characters may take 20 ms, so a view does it.
LONGEST_ACCEPT: Final = 1024

# So many answers are built in threads at one time: these threads have other work, such as to find out who has logged
# out.
THREADS_AT_ONCE: Final = 2


@implementer(IPages)
class DirectPages(Resource):
    """Stands in the place of the application. Reactor thread."""

    # The application gets the rest of the path, as PATH_INFO.
    isLeaf = True

    _log = Logger()

    def __init__(self, application: Any, routes: Routes, policy: PagePolicy, in_thread: InThread) -> None:
        """application: an IResource that is IPages as well. in_thread: for what takes more than some milliseconds."""
        Resource.__init__(self)
        self._application = application
        self._routes = routes
        self._policy = policy
        self._in_thread = in_thread
        self._front = FrontPage(routes.around)
        self._turns = LimitedRuns(THREADS_AT_ONCE)
        # By the function that says of which version they are.
        self._kept: dict[Callable[[], object], KeptAnswers] = defaultdict(KeptAnswers)

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Returns what makes other origins and the access of guests count. Any thread."""
        policy = PagePolicy(ReadingSites(settings.chat.origins))

        def change() -> None:
            self._policy = policy
            self._routes.around.guests.now = settings.chat.guests
            # They name the origins of before.
            self._kept.clear()

        return change

    def render(self, request: Request) -> Any:
        """What needs the long way is for the application."""
        return self._application.render(request)

    def page_at(self, segments: Sequence[bytes]) -> Pass | None:
        """See IPages."""
        route = self._routes.find(segments)
        onward: Pass | None = self._application.page_at(segments)
        if onward is not None and self._routes.is_front(segments):
            return partial(self._front.answer, onward)
        return onward if route is None or onward is None else partial(self._begin, route, onward)

    def _begin(self, route: Route, onward: Pass, request: PageRequest) -> None:
        if request.method not in METHODS:
            onward(request)
            return
        version = route.version()
        fields = request.sender.fields
        key = (route.path, request.uri, request.method, fields, request.sender.scheme)
        kept = self._kept[route.version]
        answer = None if version is None else kept.get(version, key)
        if answer is None:
            answer = self._made(route, onward, request)
            if answer is None:
                return
            if version is not None and fields.is_short:
                kept.keep(version, key, answer)
        send_answer(request, answer)

    def _made(self, route: Route, onward: Pass, request: PageRequest) -> Answer | None:
        """The answer; None if a thread or a view gives it."""
        asked = asked_by(request)
        try:
            if len(asked.header("accept")) > LONGEST_ACCEPT:
                raise LeftToView
            return self._finished(route, asked, _built(route.quick, asked))
        except LeftToView:
            onward(request)
        except NotKept:
            self._make_in_thread(route, asked, request)
        except Exception:
            # The view answers as it does in other hosts; a connection that is dropped would say nothing.
            self._log.failure("web: {path} could not be answered without its view", path=route.path)
            onward(request)
        return None

    def _make_in_thread(self, route: Route, asked: Asked, request: PageRequest) -> None:
        waiting = _LeftToThread(request)

        def begin() -> "Deferred[Any]":
            return succeed(None) if waiting.has_left else self._in_thread(partial(_built, route.slow, asked))

        def answered(answer: Answer | None) -> None:
            if answer is not None and not waiting.has_left:
                send_answer(request, self._finished(route, asked, answer))

        def failed(failure: Failure) -> None:
            self._log.failure("web: {path} could not be answered", failure, path=route.path)
            if not waiting.has_left:
                request.for_stream().processingFailed(failure)

        self._turns.run(begin).addCallback(answered).addErrback(failed)

    def _finished(self, route: Route, asked: Asked, answer: Answer) -> Answer:
        return self._policy.applied(answer, asked.headers, asked.scheme, route.path)


def direct_pages(application: IResource, settings: Settings, sources: DirectSources, in_thread: InThread) -> IResource:
    """The application with the answers for our pages before it; the application itself if it has none of our pages."""
    prefix = settings.web.pages_prefix()
    if prefix is None:
        return application
    policy = PagePolicy(ReadingSites(settings.chat.origins))
    return DirectPages(application, Routes(sources, prefix), policy, in_thread)


class _LeftToThread:
    """A request that a thread works for. has_left: whether its client has left."""

    def __init__(self, request: PageRequest) -> None:
        self.has_left = False
        # As a view's thread takes it; so the client may end its sending side meanwhile.
        if request.content is not None:
            request.content.close()
            request.content = None
        request.client_left = self._left

    def _left(self) -> None:
        self.has_left = True


def _built(build: Callable[[Asked], Answer], asked: Asked) -> Answer:
    try:
        return build(asked)
    except RefusedAnswer as refused:
        return refused.answer
