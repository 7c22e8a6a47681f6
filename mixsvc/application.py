"""The WSGI application to serve, our own pages or the one that the settings name, and who says who is who."""

import secrets
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from flask import Flask

from mixsvc.errors import BadSetting
from mixsvc.interfaces import IMix
from mixsvc.settings import Settings
from mixsvc.web.app import Keys, create_app
from mixsvc.web.secret import api_token, secret_key
from mixsvc.web.session import Authenticator, session_identity

if TYPE_CHECKING:
    # There is no such module when the program runs (PEP 3333, typeshed).
    from _typeshed.wsgi import WSGIApplication

__all__ = ["authenticator", "named_application", "own_application"]


def own_application(mix: IMix, settings: Settings) -> Flask:
    """Our pages; makes the files of the secret key and of the token, and imports [chat] authenticator.

    Raises BadSetting for what cannot be used.
    """
    key, token = settings.web.secret_key_file, settings.chat.token_file
    # With nothing on disk there is nothing that a key would have to outlive, and no way to tell anybody the token.
    keys = Keys(secret_key(key) if key else secrets.token_bytes(32), api_token(token) if token else None)
    return create_app(mix, settings, keys, _named_authenticator(settings))


def authenticator(settings: Settings, app: "WSGIApplication") -> Authenticator:
    """Who says who opens a chat connection: what [chat] authenticator names, else the sessions of our own pages.

    app: what is served. Where it is not our own, nobody is known. Called at start; may import. Raises BadSetting.
    """
    named = _named_authenticator(settings)
    if named is not None:
        return named
    return session_identity(app) if isinstance(app, Flask) else lambda environ: None


def named_application(name: str) -> "WSGIApplication":
    """The application that package.module:name or package.module.name is; imports it. Raises BadSetting."""
    return _named(name, "[web] wsgi", "WSGI application")


def _named_authenticator(settings: Settings) -> Authenticator | None:
    name = settings.chat.authenticator
    return _named(name, "[chat] authenticator", "function") if name else None


def _named(name: str, setting: str, kind: str) -> Callable[..., Any]:
    module, attribute = name.split(":") if ":" in name else name.rsplit(".", 1)
    # twistd of a virtual environment does not look into the current directory, where one's own code is.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = getattr(import_module(module), attribute, None)
    except (Exception, SystemExit) as error:
        # Errors of other people's code may have several lines.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BadSetting(f"{setting} = {name}: importing {module} failed with {reason}") from None
    if not callable(found):
        raise BadSetting(f"{setting} = {name}: {module} has no {kind} {attribute!r}")
    return found  # type: ignore[no-any-return]  # what it takes and gives shows at the first request
