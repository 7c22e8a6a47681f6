"""An application for other WSGI servers: our pages, and a view that says which process it runs in."""

import logging
import os
import sys
from typing import Any

from mixsvc import app, mix

__all__ = ["app"]

# Twisted logs to the module logging there, which drops it unless a handler is set.
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="[%(process)d] %(message)s")


@app.post("/worker/<text>")
def worker(text: str) -> dict[str, Any]:
    """Say it in the lobby."""
    assert mix.chat is not None
    number = mix.chat.say("lobby", "Worker", text)
    return {"pid": os.getpid(), "number": number, "rooms": list(mix.chat.rooms()), "inside": mix.chat.members("lobby")}


@app.post("/worker-unless/<pids>/<text>")
def worker_unless(pids: str, text: str) -> dict[str, Any]:
    """The same, except in the processes with these numbers (joined by hyphens), where it does nothing."""
    return {} if str(os.getpid()) in pids.split("-") else worker(text)


@app.post("/child/<text>")
def child(text: str) -> dict[str, Any]:
    """Say it in a fork of the worker, which has a service of its own, as long as it lives."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writing, str(worker(text)["number"]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return {"number": int(os.read(reading, 100))}
