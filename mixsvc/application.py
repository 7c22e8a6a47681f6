"""The WSGI application to serve (our pages, the one that [web] wsgi names, or both), and the chat's authenticator."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.common.records import record
from mixsvc.config.hook_file import check_hook_file
from mixsvc.config.imports import ExpectedCallable, import_callable
from mixsvc.config.secret_files import api_token, secret_key
from mixsvc.config.settings import Settings
from mixsvc.errors import BadSetting
from mixsvc.facade import Mix
from mixsvc.interfaces import Authenticator, DeferToThread, IMix
from mixsvc.interfaces.auth import Identifier
from mixsvc.interfaces.doors import PasswordCheck
from mixsvc.pages.app import AppSecrets, create_app, replace_app
from mixsvc.pages.auth.memory import LoginMemory
from mixsvc.pages.auth.sessions import COOKIE, PagesAuthenticator, session_identity
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.wsgi.authentication import RequestAuthenticator
from mixsvc.wsgi.passwords import AuthenticatorPasswords, ModeratorPasswords

if TYPE_CHECKING:
    # This module exists for type checkers only (typeshed).
    from _typeshed.wsgi import WSGIApplication

__all__ = [
    "VISITOR_THREADS",
    "SharedPages",
    "WebApplication",
    "authenticator",
    "check_application",
    "check_authenticator",
    "check_pages",
    "check_places",
    "connect_for_import",
    "make_application",
    "make_pages",
    "mounted",
    "named_application",
    "named_authenticator",
    "password_check",
    "person_tokens",
    "pages_authenticator",
    "request_authenticator",
    "service_pages",
]

APPLICATION: Final = ExpectedCallable("[web] wsgi", "WSGI application", ("environ", "start_response"))
AUTHENTICATOR: Final = ExpectedCallable("[chat] authenticator", "function", ("environ",))

# What an authenticator sees as the path of a name and a password that came by IRC.
IRC_PATH: Final = b"irc"

# How many calls of the authenticator may run at a time.
VISITOR_THREADS: Final = 8


@record
class WebApplication:
    """application: gets every request that is not for the chat. pages: our own pages, if they are a part of it.

    remake: makes our pages with other settings.
    """

    application: "WSGIApplication"
    pages: Flask | None = None
    remake: Callable[[Settings], Flask] | None = None

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Make our pages again. Returns what puts them in the place of those before; the application stays as it is.

        Called in any thread, and so may what it returns. Raises BadSetting if they cannot be made, or if the file of
        the incoming webhooks has a mistake.
        """
        if self.remake is not None:
            check_hook_file(settings.chat.hooks_file)
        pages, remade = self.pages, self.remake(settings) if self.remake is not None else None

        def change() -> None:
            if pages is not None and remade is not None:
                replace_app(pages, remade)

        return change


@record
class SharedPages:
    """What all processes have in common that serve the same pages. logins: what is remembered of logins."""

    keys: AppSecrets
    logins: LoginMemory

    @classmethod
    def of(cls, settings: Settings) -> "SharedPages":
        """Returns that of a new service; creates the files of the secret key and of the token.

        Raises BadSetting if one of them cannot be used.
        """
        key, token = settings.web.secret_key_file, settings.chat.token_file
        # Without files sessions need not outlive the service, and nobody could learn the token.
        keys = AppSecrets(
            secret_key(key) if key else secrets.token_bytes(32),
            api_token(token) if token else None,
            settings.logouts_file(),
        )
        return cls(keys, keys.login_memory())


def make_application(mix: IMix, settings: Settings, shared: SharedPages | None = None) -> WebApplication:
    """Import the application that the settings name, and make our pages and mount them at [web] pages.

    A Flask application gets mix in its extensions. shared: None for a process that serves the pages alone. Raises
    BadSetting if it cannot be imported or made.
    """
    prefix = settings.web.pages_prefix()
    check_places(settings)
    # First, so that an error in other people's code leaves no files of ours behind.
    named = named_application(settings)
    if isinstance(named, Flask):
        named.extensions["mixsvc"] = mix
    if prefix is None:
        # The settings have our pages somewhere if they name no application.
        assert named is not None
        return WebApplication(named)
    remake = _maker(mix, shared or SharedPages.of(settings), named_authenticator(settings))
    pages = remake(settings)
    return WebApplication(mounted(prefix, named, pages), pages, remake)


def mounted(prefix: str | None, named: "WSGIApplication | None", pages: "WSGIApplication") -> "WSGIApplication":
    """What gets every request. prefix: where our pages are (WebSettings.pages_prefix). named: that of [web] wsgi."""
    if prefix:
        return DispatcherMiddleware(named or NotFound(), {prefix: pages})
    return pages if named is None else named


def service_pages(mix: IMix, settings: Settings) -> tuple[WebApplication, SharedPages]:
    """Our pages alone, for a service whose children run the application and the authenticator that the settings name.

    Returns also what the children share with it. Raises BadSetting if they cannot be made.
    """
    check_places(settings)
    if settings.web.pages_prefix() is None:
        keys = AppSecrets()
        return WebApplication(NotFound()), SharedPages(keys, keys.login_memory())
    shared = SharedPages.of(settings)
    remake = _maker(mix, shared, None)
    pages = remake(settings)
    return WebApplication(pages, pages, remake), shared


def connect_for_import(mix: Mix) -> None:
    """While a user's application is imported, nothing runs, and mix must start nothing: only hooks are registered."""
    mix.connect(_refuse_during_import, lambda: True)


def _refuse_during_import() -> NoReturn:
    raise RuntimeError("mixsvc does not run yet while your module is imported; use mix in views")


def check_application(settings: Settings) -> None:
    """Import the application that the settings name. Raises BadSetting if it cannot be."""
    named_application(settings)


def check_places(settings: Settings) -> None:
    """Raises BadSetting if our pages and the chat have no place of their own each."""
    _check_apart(settings.web.pages_prefix(), settings.chat.prefix)


def check_authenticator(settings: Settings) -> None:
    """Import the function that [chat] authenticator names. Raises BadSetting if it cannot be."""
    named_authenticator(settings)


def check_pages(mix: IMix, settings: Settings) -> None:
    """Make our pages without their files, and without [chat] authenticator. Raises BadSetting if they cannot be."""
    create_app(mix, settings)


def make_pages(mix: IMix, settings: Settings, shared: SharedPages | None = None) -> Flask:
    """Make our pages, and import [chat] authenticator. shared: see make_application; None creates the secret files.

    Raises BadSetting if something of that cannot be used.
    """
    return _maker(mix, shared or SharedPages.of(settings), named_authenticator(settings))(settings)


def authenticator(settings: Settings, pages: Flask | None) -> Authenticator:
    """The function that says who opens a chat connection: [chat] authenticator, else the sessions of our pages.

    pages: None if they are not served; then nobody is known. Called at the start. Raises BadSetting if the setting's
    function cannot be imported.
    """
    return named_authenticator(settings) or pages_authenticator(pages)


def pages_authenticator(pages: Flask | None) -> Authenticator:
    """The authenticator of the sessions of our pages; pages: None if they are not served."""
    return session_identity(pages) if pages is not None else lambda environ: None


def request_authenticator(reactor: Any, settings: Settings, authenticate: Authenticator) -> RequestAuthenticator:
    """What asks the authenticator who opens a chat connection, in threads of its own.

    So a slow authenticator delays chat connections that wait for it, and nothing else.
    """
    # Our own authenticator knows people by its cookie only; a user's own one may know them by anything.
    cookie = "" if settings.chat.authenticator else COOKIE
    return RequestAuthenticator(reactor, DaemonThreadPool(reactor, VISITOR_THREADS, "visitor"), authenticate, cookie)


def password_check(
    settings: Settings, authenticate: Authenticator, identify: Identifier, defer: DeferToThread
) -> PasswordCheck:
    """What says whose password came by IRC: [chat] authenticator, else the logins of our pages.

    identify: asks that authenticator. Without our pages nobody has a password.
    """
    if settings.chat.authenticator:
        return AuthenticatorPasswords(identify, IRC_PATH)
    known = authenticate if isinstance(authenticate, PagesAuthenticator) else None
    return ModeratorPasswords(known.by_password if known is not None else lambda *sent: None, defer)


def person_tokens(settings: Settings, key: bytes | None = None) -> PersonTokens:
    """What signs and reads the tokens of the service: in all its processes with the key of the sessions.

    key: if that has no file; None for one at random.
    """
    path = settings.web.secret_key_file
    if path:
        return PersonTokens(lambda: secret_key(path))
    return PersonTokens(None if key is None else lambda: key)


def _maker(mix: IMix, shared: SharedPages, authenticate: Authenticator | None) -> Callable[[Settings], Flask]:
    return lambda settings: create_app(mix, settings, shared.keys, authenticate, shared.logins)


def named_application(settings: Settings) -> Callable[..., Any] | None:
    """The application that [web] wsgi names; None if it names none. Raises BadSetting."""
    name = settings.web.wsgi
    return import_callable(name, APPLICATION) if name else None


def named_authenticator(settings: Settings) -> Authenticator | None:
    """The function that [chat] authenticator names; None if it names none. Raises BadSetting."""
    name = settings.chat.authenticator
    return import_callable(name, AUTHENTICATOR) if name else None


def _check_apart(pages: str | None, chat: str) -> None:
    if pages and f"{pages}/".startswith(f"{chat}/"):
        raise BadSetting(
            f"[web] pages = {pages} is below [chat] prefix = {chat}, where the chat answers every request; "
            "give another path, such as /mixsvc"
        )
