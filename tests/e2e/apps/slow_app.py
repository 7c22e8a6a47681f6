"""A WSGI application of somebody else's, with views that take their time; run by the service under test."""

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """/sleep/SECONDS answers after that long; /hang never does; everything else says its path."""
    path = environ["PATH_INFO"]
    if path.startswith("/sleep/"):
        time.sleep(float(path.removeprefix("/sleep/")))
    elif path == "/hang":
        threading.Event().wait()
    elif path == "/rate":
        from mixsvc import mix

        path = str(mix.rates.latest("EUR", "USD"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"answer to {path}".encode()]
