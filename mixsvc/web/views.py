"""The page: rates above, the chat below, complete before any script runs."""

from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, make_response, render_template

from mixsvc.interfaces import IMix

__all__ = ["blueprint", "has_sockjs_client"]

# Made from npm's sockjs-client when the package is built; without it the page talks plain WebSocket.
SOCKJS_CLIENT = "vendor/sockjs.min.js"


def blueprint(mix: IMix) -> Blueprint:
    """The routes of the pages; they read snapshots and never block."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def index() -> Response:
        page = render_template(
            "index.html",
            rates=[(base, quote, mix.rates.latest(base, quote)) for base, quote in mix.pairs],
            chat_prefix=mix.chat.prefix if mix.chat else None,
            sockjs_client=SOCKJS_CLIENT if has_sockjs_client(current_app) else None,
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "no-cache"
        return response

    return pages


def has_sockjs_client(app: Flask) -> bool:
    """Whether the SockJS client was there when the package was built."""
    return Path(app.static_folder or "", SOCKJS_CLIENT).is_file()
