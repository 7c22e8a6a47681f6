"""The WSGI application to serve, our own pages or the one that the settings name, and who says who is who."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from mixsvc.config.imports import Wanted, imported
from mixsvc.config.secret_files import api_token, secret_key
from mixsvc.config.settings import Settings
from mixsvc.errors import BadSetting
from mixsvc.interfaces import Authenticator, IMix
from mixsvc.pages.app import AppSecrets, create_app
from mixsvc.pages.auth.sessions import COOKIE, session_identity
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.authentication import RequestAuthenticator

if TYPE_CHECKING:
    # There is no such module when the program runs (PEP 3333, typeshed).
    from _typeshed.wsgi import WSGIApplication

__all__ = ["Served", "authenticator", "make_pages", "served", "request_authenticator"]

APPLICATION: Final = Wanted("[web] wsgi", "WSGI application", ("environ", "start_response"))
AUTHENTICATOR: Final = Wanted("[chat] authenticator", "function", ("environ",))

# How many calls of the authenticator may run at a time.
VISITOR_THREADS: Final = 8


@dataclass(frozen=True)
class Served:
    """What answers requests, and our own pages as far as they are a part of it."""

    application: "WSGIApplication"
    pages: Flask | None


def served(mix: IMix, settings: Settings) -> Served:
    """The application that the settings name, and our own pages at their place; imports and makes them.

    A Flask application finds mix in its extensions. Raises BadSetting.
    """
    prefix = settings.web.pages_prefix()
    _check_apart(prefix, settings.chat.prefix)
    # First, as an error in other people's code is to leave no files behind.
    named = imported(settings.web.wsgi, APPLICATION) if settings.web.wsgi else None
    if isinstance(named, Flask):
        named.extensions["mixsvc"] = mix
    pages = make_pages(mix, settings) if prefix is not None else None
    if pages is None or not prefix:
        application = pages if named is None else named
        # Without [web] wsgi our pages are somewhere.
        assert application is not None
        return Served(application, pages)
    return Served(DispatcherMiddleware(named or NotFound(), {prefix: pages}), pages)


def make_pages(mix: IMix, settings: Settings) -> Flask:
    """Our pages; makes the files of the secret key and of the token, and imports [chat] authenticator.

    Raises BadSetting for what cannot be used.
    """
    key, token = settings.web.secret_key_file, settings.chat.token_file
    # With nothing on disk there is nothing that a key would have to outlive, and no way to tell anybody the token.
    keys = AppSecrets(secret_key(key) if key else secrets.token_bytes(32), api_token(token) if token else None)
    return create_app(mix, settings, keys, _named_authenticator(settings))


def authenticator(settings: Settings, pages: Flask | None) -> Authenticator:
    """Who says who opens a chat connection: what [chat] authenticator names, else the sessions of our own pages.

    pages: None where they are not served; then nobody is known. Called at start; may import. Raises BadSetting.
    """
    named = _named_authenticator(settings)
    if named is not None:
        return named
    return session_identity(pages) if pages is not None else lambda environ: None


def request_authenticator(reactor: Any, settings: Settings, authenticate: Authenticator) -> RequestAuthenticator:
    """What asks the authenticator who opens a chat connection, in threads of its own.

    So a slow authenticator delays chat connections that wait for it, and nothing else.
    """
    # Our own authenticator knows people by its cookie only; a user's own one may know them by anything.
    cookie = "" if settings.chat.authenticator else COOKIE
    return RequestAuthenticator(DaemonThreadPool(reactor, VISITOR_THREADS, "visitor"), authenticate, cookie)


def _named_authenticator(settings: Settings) -> Authenticator | None:
    name = settings.chat.authenticator
    return imported(name, AUTHENTICATOR) if name else None


def _check_apart(pages: str | None, chat: str) -> None:
    if pages and f"{pages}/".startswith(f"{chat}/"):
        raise BadSetting(
            f"[web] pages = {pages} lies within [chat] prefix = {chat}, where the chat answers everything; "
            "give another path, such as /mixsvc"
        )
