"""The page: chat, people and rates on one screen, with rates and messages before any script runs."""

from collections.abc import Mapping, Sequence
from typing import Final

from flask import Blueprint, Flask, Response, render_template, request
from twisted.logger import Logger
from werkzeug.exceptions import HTTPException

from mixsvc.answers.answer import make_answer
from mixsvc.answers.codings import CodedOnce
from mixsvc.answers.policy import POLICY, content_policy
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatMessage, IChat, IMix
from mixsvc.interfaces.environ import REMOVED_PREFIX
from mixsvc.pages.api.answering import asked, sent
from mixsvc.pages.api.rooms import ChatAccess
from mixsvc.pages.preview import PreviewCache, RoomPreview
from mixsvc.pages.static_files import EXTENSION, StaticFiles

__all__ = ["blueprint", "hue_class", "warn_of_missing_libraries"]

# Copied from npm's packages when the distribution is built. The bundle holds them, too.
UPLOT_STYLE: Final = "vendor/uplot.min.css"

# Their names, files, and what the page does without them.
LIBRARIES: Final = (
    ("the SockJS client", ("vendor/sockjs.min.js",), "it uses a plain WebSocket"),
    ("uPlot", ("vendor/uplot.js", UPLOT_STYLE), "it shows past rates as a table and no chart"),
    ("markdown-it", ("vendor/markdown-it.js",), "it shows Markdown as it was typed"),
)

HUES: Final = 12

# For those who see the newest messages and those who do not, and while these change.
MOST_RENDERED: Final = 4

HTML: Final = b"text/html; charset=utf-8"

_log = Logger()


def blueprint(mix: IMix, static_files: StaticFiles, access: ChatAccess) -> Blueprint:
    """The routes of the pages. A view may wait for the chat's newest messages; everything else is a snapshot."""
    pages = Blueprint("pages", __name__)
    cache, rendered = PreviewCache(), RenderedPages()
    styles = [] if static_files.bundle.file("style.css") or not static_files.has(UPLOT_STYLE) else [UPLOT_STYLE]

    @pages.get("/")
    def index() -> Response:
        of_chat, is_public = _shown_chat(mix.chat, cache, access)
        rates = [(base, quote, mix.rates.latest(base, quote)) for base, quote in mix.pairs]
        # What may not be compressed would be twice as long with it.
        style = static_files.style if is_public else None
        shown = {"rates": rates, "currencies": list(mix.rates.currencies()), "style": style, **of_chat}
        # Equal prices may have different digits: 1.1 and 1.10.
        digits = [str(latest.price) for _, _, latest in rates if latest is not None]
        page = rendered.page(shown, (request.script_root, digits), styles)
        seen = asked()
        response = sent(page.for_everybody(seen) if is_public else page.whole)
        if style:
            response.headers[POLICY] = content_policy(seen.header("host"), seen.scheme, style.source)
        return response

    @pages.app_template_filter("hue")
    def hue(name: str) -> str:
        return hue_class(name)

    return pages


class RenderedPages:
    """The pages that were rendered last: one that shows the same is not rendered again. Any thread."""

    def __init__(self) -> None:
        # Replaced and never changed.
        self._last: Sequence[tuple[Mapping[str, object], object, CodedOnce]] = ()

    def page(self, shown: Mapping[str, object], besides: object, styles: Sequence[str]) -> CodedOnce:
        """Returns the page; called during a request.

        shown: what the template gets. besides: what else the page depends on. styles: the names of further ones, always
        the same.
        """
        for known, then, found in self._last:
            if then == besides and known == shown:
                return found
        html = render_template("index.html", styles=styles, **shown).encode()
        made = CodedOnce(make_answer(200, HTML, html, ((b"Cache-Control", b"no-cache"),)))
        self._last = (*self._last[1 - MOST_RENDERED :], (shown, besides, made))
        return made


def warn_of_missing_libraries(app: Flask) -> None:
    """Log what the distribution was built without, and what the page does then; pip hides the warning of the build."""
    static_files: StaticFiles = app.extensions[EXTENSION]
    missing = [f"{name} ({without})" for name, files, without in LIBRARIES if not all(map(static_files.has, files))]
    if missing:
        _log.warn(
            "mixsvc: the page lacks {missing}, since npm was missing or failed when mixsvc was built; "
            "install npm, then install mixsvc again",
            missing=" and ".join(missing),
        )
    elif static_files.modules():
        _log.warn(
            "mixsvc: the page loads its scripts one by one and shows Markdown as it was typed, since the bundle of "
            "them {problem}; run `make assets`",
            problem="is older than they are" if static_files.bundle.is_outdated else "was not made",
        )


def hue_class(name: str) -> str:
    """The CSS class that colours a name; static/views/names.js computes the same."""
    total = 0
    for letter in name:
        total = (total * 31 + ord(letter)) % 9973
    return f"hue-{total % HUES}"


def _chat_place(place: str) -> str:
    """The chat's URL, or its path below the prefix that a proxy has removed."""
    prefix: str = request.environ.get(REMOVED_PREFIX, "")
    return prefix + place if place.startswith("/") else place


def _shown_chat(chat: IChat | None, cache: PreviewCache, access: ChatAccess) -> tuple[dict[str, object], bool]:
    """Returns what the template shows of the chat, and whether everybody may see that."""
    glimpse, is_away, is_public = None, False, True
    try:
        if chat:
            glimpse = _preview(chat, cache, access)
            is_public = glimpse is None or access.is_open(chat)
    except ServiceBusy:
        glimpse, is_away = None, True
    prefix = _chat_place(chat.prefix) if chat and not is_away else None
    return {"chat_prefix": prefix, "chat_is_away": is_away, "glimpse": glimpse}, is_public


def _preview(chat: IChat, cache: PreviewCache, access: ChatAccess) -> RoomPreview | None:
    """Raises ServiceBusy while the chat is away."""
    found = cache.newest(chat)
    try:
        access.check_reader()
        may_read = found is not None and access.permits(chat, "history", found.room)
    except (HTTPException, ServiceBusy):
        # Only those who may read the chat see its messages.
        return None
    if not may_read:
        return None
    return RoomPreview(found.room, _readable(found.messages)) if found else None


def _readable(messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    return [each for each in messages if not each.is_deleted]
