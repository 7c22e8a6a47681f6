"""A WSGI application that does everything that PEP 3333 allows, and some things that it forbids; run by the service."""

import faulthandler
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING
from wsgiref.validate import validator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# As applications do at their beginning, and as only a stream with a descriptor and a buffer can.
faulthandler.enable()
sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
assert sys.stdout.buffer.writable()

BLOCK = b"x" * 65536

# How many endless responses are being sent.
_running = 0
_lock = threading.Lock()


class Endless:
    """Yields blocks for ever, until it is closed."""

    def __init__(self) -> None:
        global _running
        with _lock:
            _running += 1

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield BLOCK

    def close(self) -> None:
        global _running
        with _lock:
            _running -= 1


def _hello(environ: "WSGIEnvironment") -> Iterable[bytes]:
    return [environ["PATH_INFO"].encode("latin-1")]


def _stream(environ: "WSGIEnvironment") -> Iterable[bytes]:
    return (b"%d\n" % number for number in range(1000))


def _upload(environ: "WSGIEnvironment") -> Iterable[bytes]:
    digest, size = sha256(), 0
    while block := environ["wsgi.input"].read(65536):
        digest.update(block)
        size += len(block)
    return [f"{size} {digest.hexdigest()}".encode()]


def _large(environ: "WSGIEnvironment") -> Iterable[bytes]:
    return [BLOCK * 160]


def _running_now(environ: "WSGIEnvironment") -> Iterable[bytes]:
    return [b"%d" % _running]


def _fails(environ: "WSGIEnvironment") -> Iterable[bytes]:
    raise RuntimeError("on purpose")


def _fails_late(environ: "WSGIEnvironment") -> Iterator[bytes]:
    yield b"begun"
    raise RuntimeError("on purpose, late")


def _says(environ: "WSGIEnvironment") -> Iterable[bytes]:
    subprocess.run(["echo", "said by a program"], stdout=sys.stdout, check=True)
    sys.stdout.buffer.write(b"said in bytes\n")
    sys.stdout.buffer.flush()
    print("said half: \ud800")
    return [b"said"]


VIEWS: dict[str, Callable[["WSGIEnvironment"], Iterable[bytes]]] = {
    "/stream": _stream,
    "/upload": _upload,
    "/large": _large,
    "/endless": lambda environ: Endless(),
    "/running": _running_now,
    "/fails": _fails,
    "/says": _says,
    "/fails-late": _fails_late,
}


def _plain(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain")]
    if environ["PATH_INFO"] == "/evil":
        headers.append(("X-Evil", "a\r\nSet-Cookie: b=c"))
    blocks = VIEWS.get(environ["PATH_INFO"], _hello)(environ)
    start_response("200 OK", headers)
    return blocks


_validated = validator(_plain)


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Checked by the standard library's validator, except for calls that it refuses."""
    inner = _plain if environ["PATH_INFO"] == "/evil" else _validated
    return inner(environ, start_response)
