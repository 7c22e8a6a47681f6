"""The Flask app, the same under twistd and in another server."""

import logging

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from mixsvc.interfaces import IMix
from mixsvc.web import api, views
from mixsvc.web.logs import use_twisted_log
from mixsvc.web.problems import problem_of

__all__ = ["create_app"]

NAME = "mixsvc"

HEADERS = {
    # 'self' is enough for a WebSocket of the same origin; frame-src is for SockJS's iframe transports.
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "frame-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def create_app(mix: IMix, secret_key: bytes | None = None, max_body: int = 16 * 2**20) -> Flask:
    """The one way to our Flask app; it holds no state of its own, and calling it again makes another.

    secret_key: signs sessions; None where nobody uses them. max_body: the longest request body, in bytes.
    """
    use_twisted_log(logging.getLogger(NAME))
    app = Flask(NAME, template_folder="web/templates", static_folder="web/static", static_url_path="/static")
    app.secret_key = secret_key
    app.config["MAX_CONTENT_LENGTH"] = max_body
    app.extensions["mixsvc"] = mix
    app.register_blueprint(views.blueprint(mix))
    app.register_blueprint(api.blueprint(mix))
    app.register_error_handler(HTTPException, _refusal)
    app.after_request(_secured)
    return app


def _refusal(error: HTTPException) -> AnyResponse:
    """Problem JSON for programs and a small page for people; Flask has logged what is our own fault."""
    if request.path == "/api" or request.path.startswith("/api/"):
        return problem_of(error)
    response = error.get_response()
    response.set_data(render_template("error.html", code=response.status_code, name=error.name, text=error.description))
    response.content_type = "text/html; charset=utf-8"
    return response


def _secured(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
