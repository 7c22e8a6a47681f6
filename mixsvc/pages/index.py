"""The page: chat, people and rates on one screen, with the rates and the latest messages before any script runs."""

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Flask, Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from mixsvc.interfaces import ChatMessage, IMix
from mixsvc.pages.api.rooms import Access
from mixsvc.pages.preview import Glimpse, Preview
from mixsvc.pages.static_files import Assets

__all__ = ["blueprint", "has_sockjs_client", "hue_class"]

# Made from npm's packages when the package is built. Without the first the page talks plain WebSocket, without the
# second it shows the past as a table.
SOCKJS_CLIENT: Final = "vendor/sockjs.min.js"
CHARTS: Final = ("vendor/uplot.min.js", "vendor/uplot.min.css")

HUES: Final = 12


def blueprint(mix: IMix, assets: Assets, access: Access) -> Blueprint:
    """The routes of the pages. The chat may be asked for its latest messages; everything else is a snapshot."""
    pages = Blueprint("pages", __name__)
    preview = Preview()

    @pages.get("/")
    def index() -> Response:
        page = render_template(
            "index.html",
            rates=[(base, quote, mix.rates.latest(base, quote)) for base, quote in mix.pairs],
            currencies=mix.rates.currencies(),
            chat_prefix=mix.chat.prefix if mix.chat else None,
            glimpse=_glimpse(mix, preview, access),
            scripts=[name for name in (SOCKJS_CLIENT,) if mix.chat and assets.has(name)],
            charts=[name for name in CHARTS if assets.has(name)],
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "no-cache"
        return response

    @pages.app_template_filter("hue")
    def hue(name: str) -> str:
        return hue_class(name)

    return pages


def has_sockjs_client(app: Flask) -> bool:
    """Whether the SockJS client was there when the package was built."""
    assets: Assets = app.extensions["mixsvc-assets"]
    return assets.has(SOCKJS_CLIENT)


def hue_class(name: str) -> str:
    """The style of a name, the same on each page; names.js has it, too."""
    total = 0
    for letter in name:
        total = (total * 31 + ord(letter)) % 9973
    return f"hue-{total % HUES}"


def _glimpse(mix: IMix, preview: Preview, access: Access) -> Glimpse | None:
    chat = mix.chat
    if chat is None:
        return None
    try:
        access.check_reader()
    except HTTPException:
        # Not for everyone's eyes.
        return None
    found = preview.glimpse(chat)
    return Glimpse(found.room, _readable(found.messages)) if found else None


def _readable(messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    return [each for each in messages if not each.is_deleted]
