"""The Flask app that every WSGI server of the benchmark serves: a small view, and one that computes."""

import os

from flask import Flask

__all__ = ["COMPUTED", "HELLO", "STEPS", "app", "compute"]

HELLO = "Hello, world!\n"
COMPUTED = "Computed.\n"

# The environment variable with the number of steps that /compute makes. The benchmark measures it once for all servers.
STEPS = "BENCH_STEPS"
_steps = int(os.environ.get(STEPS, "100000"))

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """A short text."""
    return HELLO


@app.get("/compute")
def computed() -> str:
    """A short text after some milliseconds of Python that never waits."""
    compute(_steps)
    return COMPUTED


def compute(steps: int) -> int:
    """Plain Python that holds the interpreter."""
    total = 0
    for number in range(steps):
        total += number * number % 7
    return total
