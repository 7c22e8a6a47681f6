"""What `mixsvc.app` serves: the application of [web] wsgi, and our pages at [web] pages, for [server] hosts."""

import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from mixsvc.application import mounted, named_application
from mixsvc.config.imports import module_of
from mixsvc.config.settings import Settings
from mixsvc.http.hosts import MISDIRECTED, is_one_of

if TYPE_CHECKING:
    # This module exists for type checkers only (typeshed).
    from _typeshed.wsgi import WSGIApplication

__all__ = ["serve_as_settings_say", "settings_of_app"]

# In the environ of a request that has come this way: an application that passes it on to mixsvc.app means our pages.
PASSED: Final = "mixsvc.passed"


def settings_of_app(settings: Settings) -> Settings:
    """Returns what `mixsvc.app` is to serve; called before anything that the settings name is imported.

    An application of [web] wsgi that is imported already is run by the server itself, and has mixsvc.app within it: our
    pages alone.
    """
    name = settings.web.wsgi
    if not name or module_of(name) not in sys.modules:
        return settings
    return replace(settings, web=replace(settings.web, wsgi="", pages=""))


def serve_as_settings_say(pages: Flask, settings: Settings) -> None:
    """Let the object of our pages answer requests as the settings say. Raises BadSetting if that cannot be imported."""
    own, named = pages.wsgi_app, named_application(settings)
    if isinstance(named, Flask):
        named.extensions["mixsvc"] = pages.extensions["mixsvc"]
    whole = mounted(settings.web.pages_prefix(), named, own)
    # Flask calls it through the instance, so that it can be replaced (its documentation of Flask.wsgi_app).
    vars(pages)["wsgi_app"] = _Front(whole, own, settings.server.hosts)


class _Front:
    """Called in the threads of the server."""

    def __init__(self, whole: "WSGIApplication", pages: "WSGIApplication", hosts: Collection[str]) -> None:
        self._whole, self._pages, self._hosts = whole, pages, hosts

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get(PASSED):
            return self._pages(environ, start_response)
        if self._hosts and not is_one_of(environ.get("HTTP_HOST", "").encode("latin-1"), self._hosts):
            fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(MISDIRECTED)))]
            start_response("421 Misdirected Request", fields)
            # Servers send what they are given; behind the response to HEAD a client expects the next response.
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [MISDIRECTED]
        environ[PASSED] = True
        return self._whole(environ, start_response)
