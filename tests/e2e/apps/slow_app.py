"""A user's WSGI application with slow views; run by the service under test."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """/until/FILE answers once the file is there, in the current folder; /sleep/SECONDS answers after that long;
    /hang never does; everything else says its path at once."""
    path = environ["PATH_INFO"]
    if path.startswith("/until/"):
        while not Path(path.removeprefix("/until/")).exists():
            time.sleep(0.05)
    elif path.startswith("/sleep/"):
        time.sleep(float(path.removeprefix("/sleep/")))
    elif path == "/hang":
        threading.Event().wait()
    elif path == "/rate":
        from mixsvc import mix

        path = str(mix.rates.latest("EUR", "USD"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"answer to {path}".encode()]
