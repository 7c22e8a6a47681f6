"""Makes the Flask app of our pages; it is the same under twistd and inside another WSGI server."""

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import field
from math import ceil
from typing import Any, Final

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import BadHost, HTTPException, SecurityError
from werkzeug.wrappers import Response as AnyResponse

from mixsvc.answers.answer import RefusedAnswer
from mixsvc.answers.policy import HEADERS, POLICY, ReadingSites, content_policy, is_api
from mixsvc.common.records import record
from mixsvc.config.settings import Settings
from mixsvc.errors import ServiceBusy, TooFast
from mixsvc.interfaces import Authenticator, IMix
from mixsvc.pages import index
from mixsvc.pages.api import accounts, events, rates, rooms, topics
from mixsvc.pages.api.answering import refusal
from mixsvc.pages.api.cors import install_cross_origin_policy
from mixsvc.pages.api.problems import RETRY_SECONDS, problem, problem_of, sentence
from mixsvc.pages.auth.devices import Devices
from mixsvc.pages.auth.ended_logins import EndedLogins
from mixsvc.pages.auth.limits import LoginLimits
from mixsvc.pages.auth.logins import Logins
from mixsvc.pages.auth.memory import LoginMemory, PromptLogOuts
from mixsvc.pages.auth.sessions import LOGINS, install_sessions, session_identity
from mixsvc.pages.flask_log import use_twisted_log
from mixsvc.pages.static_files import install_static_files
from mixsvc.pages.webhooks import routes as webhooks

__all__ = ["AppSecrets", "create_app", "replace_app"]

NAME: Final = "mixsvc"


@record
class AppSecrets:
    """What must stay unknown to clients.

    secret_key: signs the session cookies; the default is random, so that sessions end with the process.
    api_token: lets programs send messages over HTTP; None: no program may. logouts_file: where log-outs are kept; "" if
    they need not outlive the process.
    """

    secret_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    api_token: bytes | None = None
    logouts_file: str = ""

    def as_json(self) -> Mapping[str, str | None]:
        """Returns their form for the other processes of the service."""
        token = None if self.api_token is None else self.api_token.hex()
        return {"secret_key": self.secret_key.hex(), "api_token": token, "logouts_file": self.logouts_file}

    @classmethod
    def of_json(cls, form: Mapping[str, Any]) -> "AppSecrets":
        """Returns what `as_json` was called on."""
        key, token = bytes.fromhex(form["secret_key"]), form["api_token"]
        return cls(key, None if token is None else bytes.fromhex(token), form["logouts_file"])

    def login_memory(self) -> LoginMemory:
        """Returns a new memory of logins: of a process that serves the pages alone, or that all such processes ask."""
        return LoginMemory(LoginLimits(time.monotonic), EndedLogins(self.logouts_file))


def create_app(
    mix: IMix,
    settings: Settings | None = None,
    keys: AppSecrets | None = None,
    authenticator: Authenticator | None = None,
    memory: LoginMemory | None = None,
) -> Flask:
    """The Flask app of our pages; each call makes a new one.

    authenticator: the function that [chat] authenticator names; None: our session cookies say who somebody is.
    memory: what is remembered of logins; None for a memory of its own. Raises BadSetting if the hash of a moderator's
    password is not valid.
    """
    settings, keys = settings or Settings(), keys or AppSecrets()
    memory = memory or keys.login_memory()
    use_twisted_log(logging.getLogger(NAME))
    app = Flask(NAME, template_folder="pages/templates", static_folder="pages/static", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = settings.web.max_body
    app.extensions["mixsvc"] = mix
    static_files = install_static_files(app)
    install_cross_origin_policy(app, ReadingSites(settings.chat.origins))
    sessions = install_sessions(app, keys.secret_key, settings.chat, PromptLogOuts(memory.log_outs, mix))
    logins = Logins(settings.chat.moderators, memory.limits, Devices(keys.secret_key))
    app.extensions[LOGINS] = logins
    access = rooms.ChatAccess(settings.chat, keys.api_token, authenticator or session_identity(app))
    app.register_blueprint(index.blueprint(mix, static_files, access))
    app.register_blueprint(rates.blueprint(mix))
    app.register_blueprint(accounts.blueprint(mix, sessions, logins, authenticator, settings.chat.guests))
    app.register_blueprint(rooms.blueprint(mix, access))
    app.register_blueprint(events.blueprint(mix, access))
    app.register_blueprint(topics.blueprint(mix, access, settings.topics))
    app.register_blueprint(webhooks.blueprint(mix, settings.chat))
    _install_error_responses(app)
    app.after_request(_add_headers)
    return app


def replace_app(app: Flask, other: Flask) -> None:
    """From now on let an app that is served answer as another one; requests that it has begun end as they began.

    other: with the same keys and memory. Any thread.
    """
    app.session_interface, app.extensions[LOGINS] = other.session_interface, other.extensions[LOGINS]
    # Flask calls it through the instance, so that it can be replaced (its documentation of Flask.wsgi_app).
    vars(app)["wsgi_app"] = other.wsgi_app


def _install_error_responses(app: Flask) -> None:
    app.register_error_handler(HTTPException, _error_response)
    app.register_error_handler(ServiceBusy, _busy_response)
    app.register_error_handler(TooFast, _too_fast_response)
    app.register_error_handler(RefusedAnswer, refusal)


def _too_fast_response(error: TooFast) -> Response:
    answer = problem(429, sentence(error))
    answer.headers["Retry-After"] = str(ceil(error.seconds))
    return answer


def _busy_response(error: ServiceBusy) -> Response:
    answer = problem(503, sentence(error))
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _error_response(error: HTTPException) -> AnyResponse:
    """Problem JSON below /api, a small page elsewhere; Flask has already logged errors of our own."""
    if is_api(request.path):
        return problem_of(error)
    response = error.get_response()
    if isinstance(request.routing_exception, BadHost | SecurityError):
        # The page has links, and Flask builds none for a host that it does not take.
        return response
    response.set_data(render_template("error.html", code=response.status_code, name=error.name, text=error.description))
    response.content_type = "text/html; charset=utf-8"
    return response


def _add_headers(response: Response) -> Response:
    response.headers.setdefault(POLICY, content_policy(request.environ.get("HTTP_HOST", ""), request.scheme))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
