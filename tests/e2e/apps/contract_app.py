"""A WSGI application that shows, one path each, what PEP 3333 promises to applications; run by the service.

The query of a request says how its view behaves. What cannot be seen in a response becomes a line of the log.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Query = dict[str, str]


class Blocks:
    """A response that writes into the log how often it was closed, and how many blocks it has given."""

    def __init__(self, blocks: Iterable[bytes], errors: Any, name: str) -> None:
        self._blocks = iter(blocks)
        self._errors = errors
        self._name = name
        self._given = 0
        self._closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks)
        self._given += 1
        return block

    def close(self) -> None:
        self._closed += 1
        self._errors.write(f"closed {self._name} {self._closed} times\n")


def pieces(body: bytes, sizes: str) -> Iterator[bytes]:
    """The body in pieces of these sizes, such as 1,0,70000, again and again."""
    numbers = cycle([int(size) for size in sizes.split(",")])
    start = 0
    while start < len(body):
        size = next(numbers)
        yield body[start : start + size]
        start += size


def read(content: IO[bytes], ways: str) -> bytes:
    """The whole content, read in these ways: numbers of bytes, all, line, lines, each."""
    parts: list[bytes] = []
    for way in cycle(ways.split(",")):
        if way == "all":
            part = content.read()
        elif way == "line":
            part = content.readline()
        elif way == "lines":
            part = b"".join(content.readlines())
        elif way == "each":
            part = b"".join(content)
        else:
            part = content.read(int(way))
        if not part:
            return b"".join(parts)
        parts.append(part)
    raise AssertionError("there is no way to read")


def environ(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """What is in the environ, as JSON; of objects their types' names."""
    known = {key: value if isinstance(value, str | bool | int | tuple) else None for key, value in environ.items()}
    known["body"] = environ["wsgi.input"].read().decode("latin-1")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(known).encode()]


def echo(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """The body of the request, read and sent in these pieces, in one of the ways that PEP 3333 allows."""
    body = read(environ["wsgi.input"], query["read"])
    headers = [("Content-Length", str(len(body)))] if query["length"] == "known" else []
    blocks = list(pieces(body, query["write"]))
    write = start_response("200 OK", headers)
    if query["way"] == "write":
        for block in blocks:
            write(block)
        return []
    if query["way"] == "both":
        for block in blocks[::2][:1]:
            write(block)
        return iter(blocks[1:])
    if query["way"] == "file":
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](BytesIO(body), 1000)
        return wrapped
    return blocks if query["way"] == "list" else iter(blocks)


def answer(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """A body with this status, and with or without its length."""
    body = b"body"
    headers = [("Content-Length", "4")] if query.get("length") else []
    start_response(query["status"], [("X-Name", "value"), *headers])
    return Blocks([body], environ["wsgi.errors"], query["name"])


def fails(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """Raises in this phase: at once, in the first block, after some bytes, or when it is closed."""
    errors, when = environ["wsgi.errors"], query["when"]
    if when == "at once":
        raise ZeroDivisionError("on purpose")

    def blocks() -> Iterator[bytes]:
        if when == "first":
            raise ZeroDivisionError("on purpose")
        yield b"x" * int(query.get("bytes", "5"))
        if when == "later":
            raise ZeroDivisionError("on purpose")

    start_response("200 OK", [])
    given = Blocks(blocks(), errors, query["name"])
    if when == "closing":
        given.close = lambda: 1 // 0  # type: ignore[method-assign, assignment]  # what it returns does not matter
    return given


def ends(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """What a program does to end: sys.exit, KeyboardInterrupt, or a forked child that returns."""
    if query["how"] == "exit":
        sys.exit("the view has called sys.exit")
    if query["how"] == "interrupt":
        raise KeyboardInterrupt
    pid = os.fork()
    start_response("200 OK", [])
    return [b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid else b"the child"]


def starts(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """Calls start_response in one of the ways that need care."""
    how = query["how"]
    if how == "never":
        return [b"body"]
    if how == "in the first block":
        return _late(start_response)
    write = start_response("200 OK", [("X-First", "yes")])
    if how == "twice":
        start_response("201 Created", [])
    if how == "replaced after bytes":
        write(b"begun")
    try:
        raise ValueError("on purpose")
    except ValueError:
        start_response("418 Teapot", [("X-Second", "yes")], sys.exc_info())
    return [b"replaced"]


def _late(start_response: "StartResponse") -> Iterator[bytes]:
    start_response("202 Accepted", [])
    yield b"late"


def invalid(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """What PEP 3333 forbids: a header, a status, a body."""
    match query["what"]:
        case "header":
            start_response("200 OK", [("X-Evil", "a\r\nSet-Cookie: b=c")])
        case "hop":
            start_response("200 OK", [("Connection", "close")])
        case "status":
            start_response("OK", [])
        case "str":
            start_response("200 OK", [])
            return ["text"]  # type: ignore[list-item]  # on purpose
        case "short":
            start_response("200 OK", [("Content-Length", "10")])
        case "long":
            start_response("200 OK", [("Content-Length", "2")])
    return [b"body"]


def endless(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """Blocks for ever; the log says when it is closed."""
    start_response("200 OK", [])
    block = b"x" * 65536
    return Blocks(iter(lambda: block, b""), environ["wsgi.errors"], query["name"])


def waits(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """Answers what somebody writes into a FIFO. With `begun`, part of the answer comes before."""

    def blocks() -> Iterator[bytes]:
        if "begun" in query:
            yield b"begun"
        yield Path(query["fifo"]).read_bytes()

    start_response("200 OK", [])
    return Blocks(blocks(), environ["wsgi.errors"], query["name"])


def file(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """A file on disk in wsgi.file_wrapper, from a position on; deleted first, if asked."""
    path = Path(query["path"])
    opened = path.open("rb")
    opened.seek(int(query.get("from", "0")))
    if query.get("deleted"):
        path.unlink()
    start_response("200 OK", [])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](opened)
    return wrapped


def sent(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """A file on disk as Werkzeug sends it, which knows ranges."""
    try:
        return send_file(query["path"], environ, conditional=True)(environ, start_response)
    except HTTPException as error:
        # The range is not in the file.
        return error(environ, start_response)


def says(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """Writes into the log in every way that programs have."""
    name = query["name"]
    environ["wsgi.errors"].write(f"{name} by wsgi.errors, with {{braces}}\nand an unfinished line of {name}")
    print(f"{name} by print, with {{braces}} and ü")
    print(f"{name} by stderr", file=sys.stderr)
    logging.getLogger("shop").warning("%s by logging, with {braces}", name)
    start_response("200 OK", [])
    return [b"said"]


def process(environ: "WSGIEnvironment", start_response: "StartResponse", query: Query) -> Iterable[bytes]:
    """The number of the process, and whether the main thread runs this."""
    start_response("200 OK", [])
    return [b"%d %d" % (os.getpid(), threading.current_thread() is threading.main_thread())]


View = Callable[["WSGIEnvironment", "StartResponse", Query], Iterable[bytes]]
VIEWS: dict[str, View] = {
    f"/{view.__name__}": view
    for view in (echo, answer, fails, ends, starts, invalid, endless, waits, file, sent, says, process)
}


def app(given: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Every other path shows the environ."""
    view = VIEWS.get(given["PATH_INFO"], environ)
    return view(given, start_response, dict(parse_qsl(given["QUERY_STRING"])))
