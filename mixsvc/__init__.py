"""One process and one port: a Flask app, a SockJS chat and an exchange-rate poller on Twisted.

mix: the running service, for views (see mixsvc.interfaces.IMix). app: our Flask app, for WSGI servers. Both are made
when they are first read (PEP 562), so that importing this package starts nothing. A module mixsvc/app.py must never
exist: Twisted would import it as the application that --wsgi=mixsvc.app names.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from mixsvc.interfaces import TypedMix

    app: Flask
    mix: TypedMix

__all__ = ["__version__", "app", "mix"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "mix":
        from mixsvc.embedded import embedded_mix

        return embedded_mix()
    if name == "app":
        from mixsvc.embedded import embedded_app

        return embedded_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
