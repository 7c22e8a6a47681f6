"""Views that start processes of their own."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import time
from typing import Any

# Longer than any test.
LONG = 3600


def terminated() -> str:
    """The exit code of a process that was told to end."""
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(LONG,))
    process.start()
    process.terminate()
    process.join()
    return str(process.exitcode)


def pools() -> str:
    """Ten pools one after the other, which end their processes with SIGTERM."""
    context = multiprocessing.get_context("fork")
    for _ in range(10):
        with context.Pool(2) as pool:
            result = pool.map(abs, [-1, -2])
    with concurrent.futures.ProcessPoolExecutor(2, context) as executor:
        return f"{result} {list(executor.map(abs, [-3]))}"


def left_behind() -> str:
    """A child that outlives this request and this service; its process number."""
    pid = os.fork()
    if not pid:
        time.sleep(LONG)
        os._exit(0)
    return str(pid)


def fallen_through() -> str:
    """How a child ends that returns from the view."""
    pid = os.fork()
    return str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])) if pid else "the child"


def programs() -> str:
    """What another program says, started with a function that runs in the child before it."""
    done = subprocess.run(
        ["sh", "-c", "echo said; kill -TERM $$"], capture_output=True, text=True, preexec_fn=os.setsid
    )
    return f"{done.stdout.strip()} {done.returncode}"


VIEWS = {f"/{view.__name__}": view for view in (terminated, pools, left_behind, fallen_through, programs)}


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The WSGI application."""
    body = VIEWS[environ["PATH_INFO"]]().encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
