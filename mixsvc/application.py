"""The WSGI application to serve: our own pages, or the one that the settings name."""

import secrets
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixsvc.errors import BadSetting
from mixsvc.interfaces import IMix
from mixsvc.settings import Settings
from mixsvc.web.app import create_app
from mixsvc.web.secret import secret_key

if TYPE_CHECKING:
    # There is no such module when the program runs (PEP 3333, typeshed).
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask

__all__ = ["named_application", "own_application"]


def own_application(mix: IMix, settings: Settings) -> "Flask":
    """Our pages; makes the secret key file. Raises BadSetting for one that cannot be used."""
    path = settings.web.secret_key_file
    # With nothing on disk there is nothing that a key would have to outlive.
    key = secret_key(path) if path else secrets.token_bytes(32)
    return create_app(mix, key, settings.web.max_body)


def named_application(name: str) -> "WSGIApplication":
    """The application that package.module:name or package.module.name is; imports it. Raises BadSetting."""
    module, attribute = name.split(":") if ":" in name else name.rsplit(".", 1)
    # twistd of a virtual environment does not look into the current directory, where one's own code is.
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = getattr(import_module(module), attribute, None)
    except (Exception, SystemExit) as error:
        # Errors of other people's code may have several lines.
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BadSetting(f"[web] wsgi = {name}: importing {module} failed with {reason}") from None
    if not callable(found):
        raise BadSetting(f"[web] wsgi = {name}: {module} has no WSGI application {attribute!r}")
    return found  # type: ignore[no-any-return]  # what it takes and gives shows at the first request
