"""The Flask app, the same under twistd and in another server."""

import logging
import re
import secrets
import time
from dataclasses import dataclass, field

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from mixsvc.config.settings import Settings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import Authenticator, IMix
from mixsvc.pages import index
from mixsvc.pages.api import accounts, rates, rooms
from mixsvc.pages.api.cors import guard_api
from mixsvc.pages.api.problems import problem, problem_of
from mixsvc.pages.auth.logins import Logins
from mixsvc.pages.auth.sessions import install_sessions, session_identity
from mixsvc.pages.flask_log import use_twisted_log
from mixsvc.pages.static_files import install_assets
from mixsvc.pages.statics import guard_static

__all__ = ["HEADERS", "Keys", "create_app"]

NAME = "mixsvc"

HEADERS = {
    # frame-src is for SockJS's iframe transports; to connect-src each answer adds its own WebSocket.
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
    # No page that opens ours, or that ours opens, keeps a handle on it.
    "Cross-Origin-Opener-Policy": "same-origin",
    # Nothing here uses any of these, and so nothing that gets in here may.
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


# How soon somebody may ask again whom the chat did not answer in time, in seconds.
RETRY_SECONDS = 2


@dataclass(frozen=True)
class Keys:
    """secret_key: signs sessions; without one they end with the process. api_token: what programs show to say
    something; None: nobody may."""

    secret_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    api_token: bytes | None = None


def create_app(
    mix: IMix, settings: Settings | None = None, keys: Keys | None = None, named: Authenticator | None = None
) -> Flask:
    """The one way to our Flask app; calling it again makes another.

    named: what [chat] authenticator names; None: our own sessions say who is who. Raises BadSetting for a moderator's
    hash that is none.
    """
    settings, keys = settings or Settings(), keys or Keys()
    use_twisted_log(logging.getLogger(NAME))
    app = Flask(NAME, template_folder="pages/templates", static_folder="pages/static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = settings.web.max_body
    app.extensions["mixsvc"] = mix
    assets = install_assets(app)
    guard_api(app, settings.chat.origins)
    guard_static(app)
    sessions = install_sessions(app, keys.secret_key, settings.chat)
    logins = Logins(settings.chat.moderators, time.monotonic)
    access = rooms.Access(settings.chat, keys.api_token, named or session_identity(app))
    app.register_blueprint(index.blueprint(mix, assets, access))
    app.register_blueprint(rates.blueprint(mix))
    app.register_blueprint(accounts.blueprint(mix, sessions, logins, named, settings.chat.guests))
    app.register_blueprint(rooms.blueprint(mix, access))
    app.register_error_handler(HTTPException, _refusal)
    app.register_error_handler(ServiceBusy, _busy)
    app.after_request(_secured)
    return app


def _busy(error: ServiceBusy) -> Response:
    why = str(error)
    answer = problem(503, f"{why[:1].upper()}{why[1:]}.")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _refusal(error: HTTPException) -> AnyResponse:
    """Problem JSON for programs and a small page for people; Flask has logged what is our own fault."""
    if request.path == "/api" or request.path.startswith("/api/"):
        return problem_of(error)
    response = error.get_response()
    response.set_data(render_template("error.html", code=response.status_code, name=error.name, text=error.description))
    response.content_type = "text/html; charset=utf-8"
    return response


def _secured(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _policy())
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _policy() -> str:
    """With the origin of our WebSocket, which some browsers do not take for 'self'; a strange Host gets in nowhere."""
    policy, host = HEADERS["Content-Security-Policy"], request.environ.get("HTTP_HOST", "")
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]_-]{1,255}", host):
        return policy
    socket = f"{'wss' if request.scheme == 'https' else 'ws'}://{host}"
    return policy.replace("connect-src 'self'", f"connect-src 'self' {socket}")
