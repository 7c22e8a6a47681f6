"""Views that say in which process they run, and that do to it what views should not do."""

import ctypes
import os
import signal
import time
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)
VERSION = 1
held: list[bytearray] = []


@app.get("/pid")
def pid() -> str:
    """The process that answers."""
    return f"{os.getpid()} {VERSION}"


@app.get("/noted")
def noted() -> str:
    """Say in a file that this request has come to a view, and in which process."""
    with open(request.query_string.decode(), "ab", buffering=0) as file:
        file.write(f"{request.headers['Number']} {os.getpid()}\n".encode())
    return "noted"


@app.get("/hang")
def hang() -> str:
    """Sleep in C without giving the interpreter's lock away, so that no other thread of the process runs."""
    ctypes.PyDLL(None).sleep(3600)
    raise AssertionError("unreachable")


@app.get("/sleep/<float:seconds>")
def sleep(seconds: float) -> str:
    """Take some time."""
    time.sleep(seconds)
    return str(os.getpid())


@app.get("/last")
def last() -> str:
    """Say in a file that it has begun, and take an hour."""
    Path(request.query_string.decode()).touch()
    time.sleep(3600)
    return "late"


@app.post("/size")
def size() -> str:
    """The size of the request's body."""
    return str(len(request.get_data()))


@app.get("/die")
def die() -> str:
    """End as by the kernel's out-of-memory killer."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


@app.get("/grow")
def grow() -> str:
    """Keep 200 MiB more."""
    held.append(bytearray(b"x") * (200 << 20))
    return str(os.getpid())
