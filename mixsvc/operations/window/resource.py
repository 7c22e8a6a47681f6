"""The routes of the window: / and /window/…, and what each refuses."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from jinja2 import Environment
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from mixsvc.answers.answer import Answer, RefusedAnswer
from mixsvc.config.settings import ServerSettings, Settings
from mixsvc.errors import BadSetting
from mixsvc.http.page_request import send_answer
from mixsvc.interfaces import DeferToThread
from mixsvc.operations.window.call import WindowCall
from mixsvc.operations.window.desk import WindowDesk
from mixsvc.operations.window.doing import WindowActions
from mixsvc.operations.window.files import WindowFiles
from mixsvc.operations.window.gate import WindowGate
from mixsvc.operations.window.own_hosts import is_window_host
from mixsvc.operations.window.pages import WindowPages
from mixsvc.operations.window.rendering import SectionTemplates, window_templates
from mixsvc.operations.window.responses import asset, html_answer, json_answer, text_answer
from mixsvc.operations.window.sessions import WindowLogOuts, WindowSession, WindowSessions
from mixsvc.operations.window.token import OperatorsToken
from mixsvc.operations.window.view import live_view, window_history
from mixsvc.pages.auth.ended_logins import EndedLogins
from mixsvc.pages.auth.throttle import GuessThrottle

__all__ = ["WindowLook", "WindowParts", "WindowResource", "make_window"]

WRONG_HOST: Final = (
    "The window does not answer for the host that the request names: use an address of this machine, localhost, or a "
    "name that [server] hosts lists."
)
LOGGED_OUT: Final = "Log in to the window first."
NO_PAGE: Final = "The window has no such page."
NO_ACTION: Final = "There is no such action."
FAILED: Final = "The window has failed; the log of the service says why."

# Returns the settings that count now: a reload changes some of them.
AskSettings: TypeAlias = Callable[[], ServerSettings]

# What a path is answered with for whoever has logged in.
ForSession: TypeAlias = Callable[[WindowCall, WindowSession], Awaitable[Answer]]


@dataclass(frozen=True)
class WindowLook:
    """What the pages are made of; loading it takes some tenths of a second."""

    templates: Environment = field(default_factory=window_templates)
    files: WindowFiles = field(default_factory=WindowFiles)


class WindowParts:
    """What the routes use, made for one service. Used in the reactor thread."""

    def __init__(
        self, clock: IReactorTime, settings: AskSettings, desk: WindowDesk, log_outs: WindowLogOuts, look: WindowLook
    ) -> None:
        self.settings = settings
        self.desk = desk
        self.files = look.files
        self.pages = WindowPages(look.templates, look.files, time.time)
        token = OperatorsToken(settings().admin_token_file, clock.seconds)
        sessions = WindowSessions(token, time.time, log_outs)
        self.gate = WindowGate(sessions, GuessThrottle(clock.seconds), self.pages)
        self.actions = WindowActions(desk, self.pages)
        self.view = live_view(clock, desk.overview, SectionTemplates(look.templates))
        self.history = window_history(clock, desk.series)


class WindowResource(Resource):
    """Answers in the reactor thread."""

    isLeaf = True

    _log = Logger("mixsvc.operations.window")

    def __init__(self, parts: WindowParts) -> None:
        Resource.__init__(self)
        self._parts = parts
        self._own: Mapping[tuple[str, ...], ForSession] = {
            ("",): self._page,
            ("window", "live"): self._live,
            ("window", "history"): self._history,
        }

    def render(self, request: Any) -> int:
        """Answer at once, or as soon as an action is done; a client that has left meanwhile gets nothing."""
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        answering = Deferred.fromCoroutine(self._answer(request.method, WindowCall.of(request)))

        def failed(failure: Failure) -> Answer:
            self._log.failure("mixsvc: the window could not answer", failure)
            return text_answer(500, FAILED)

        answering.addErrback(failed)
        answering.addCallback(lambda answer: None if gone else send_answer(request, answer))
        return NOT_DONE_YET

    async def _answer(self, method: bytes, call: WindowCall) -> Answer:
        if not is_window_host(call.asked.header("host"), self._parts.settings().hosts):
            return text_answer(421, WRONG_HOST)
        try:
            if method in (b"GET", b"HEAD"):
                return await self._shown(call)
            if method == b"POST":
                return await self._sent(call)
        except RefusedAnswer as refused:
            return refused.answer
        except BadSetting as error:
            return self._refusal(call, 503, str(error))
        return text_answer(405, "The window takes GET and POST.", ((b"Allow", b"GET, HEAD, POST"),))

    async def _shown(self, call: WindowCall) -> Answer:
        if call.segments[:2] == ("window", "static"):
            found = self._parts.files.answer(call.asked, call.segments[2:])
            return asset(found) if found is not None else text_answer(404, NO_PAGE)
        route = self._own.get(call.segments)
        if route is None:
            return self._refusal(call, 404, NO_PAGE)
        session = self._parts.gate.session(call)
        if session is not None:
            return await route(call, session)
        return self._parts.gate.form(call) if call.segments == ("",) else text_answer(403, LOGGED_OUT)

    async def _sent(self, call: WindowCall) -> Answer:
        gate = self._parts.gate
        if call.segments == ("window", "login"):
            return gate.log_in(call)
        session = gate.session(call)
        if session is None:
            return text_answer(403, LOGGED_OUT) if call.wants_json else gate.form(call, 403, LOGGED_OUT)
        gate.check_form(call, session)
        if call.segments == ("window", "logout"):
            return await gate.log_out(call, session)
        action = self._parts.desk.actions().get(call.segments[-1]) if call.segments[:2] == ("window", "do") else None
        if action is None or len(call.segments) != 3:
            return self._refusal(call, 404, NO_ACTION)
        return await self._parts.actions.answer(call, session, action)

    async def _page(self, call: WindowCall, session: WindowSession) -> Answer:
        parts = self._parts
        live = await parts.view.result()
        actions = list(parts.desk.actions().values())
        return html_answer(200, parts.pages.window(live, session.proof, actions, parts.actions.notice(session)))

    async def _live(self, call: WindowCall, session: WindowSession) -> Answer:
        live = await self._parts.view.result()
        return html_answer(200, live.html.encode(), ((b"X-Window-Version", self._parts.files.version.encode()),))

    async def _history(self, call: WindowCall, session: WindowSession) -> Answer:
        return json_answer(200, await self._parts.history.result())

    def _refusal(self, call: WindowCall, status: int, text: str) -> Answer:
        title = HTTPStatus(status).phrase
        return html_answer(status, self._parts.pages.refusal(call.root, status, title, text))


def make_window(
    clock: IReactorTime, settings: Callable[[], Settings], desk: WindowDesk, defer_to_thread: DeferToThread
) -> WindowResource:
    """Returns the window of a service; called in a thread, as it takes some tenths of a second."""
    log_outs = WindowLogOuts(EndedLogins(settings().logouts_file()), defer_to_thread)
    return WindowResource(WindowParts(clock, lambda: settings().server, desk, log_outs, WindowLook()))
