"""Clients that a view holds go on at the chat's port, with a ticket that the process there reads."""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger
from twisted.web.resource import IResource

from mixsvc.config.secret_files import secret_key
from mixsvc.config.settings import Settings
from mixsvc.holds.elsewhere import ClientRedirect
from mixsvc.holds.holder import ClientHolder
from mixsvc.holds.resource import ChatAndTickets
from mixsvc.holds.tickets import HoldTickets
from mixsvc.interfaces import Authenticator, Identity
from mixsvc.pages.chat_url import ChatUrl

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["HostTickets"]


class HostTickets:
    """Writes and reads the tickets, signed with the key of the sessions, which all processes have.

    elsewhere: for views, in any thread.
    """

    _log = Logger("mixsvc.web")

    def __init__(self, settings: Settings, browser_port: Callable[[], int | None], authenticate: Authenticator) -> None:
        """browser_port: the chat's port, as far as is known. authenticate: says who has sent a request. Both are
        called in any thread.
        """
        self._tickets = HoldTickets(_key(settings), time.time)
        self._chat_url = ChatUrl(settings.chat.url, settings.chat.prefix)
        self._browser_port = browser_port
        self._authenticate = authenticate
        self.elsewhere = ClientRedirect(self._tickets, self._url_for, self._identity)

    def beside(self, chat: IResource, holder: ClientHolder) -> IResource:
        """The chat's resource, and what reads tickets. Reactor thread."""
        return ChatAndTickets(chat, holder, self._tickets)

    def _identity(self, environ: Mapping[str, Any]) -> Identity | None:
        try:
            return self._authenticate(environ)
        except Exception:
            self._log.failure("holds: it could not be found out who is to be held")
            raise

    def _url_for(self, environ: "WSGIEnvironment") -> str:
        """The URL of the chat for who has sent a request. Called in any thread."""
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        return self._chat_url.url_for(self._browser_port(), environ["wsgi.url_scheme"], host)


def _key(settings: Settings) -> bytes:
    # Without a file nobody else could read the tickets; a host without one has one process.
    return secret_key(settings.web.secret_key_file) if settings.web.secret_key_file else os.urandom(32)
