"""The Flask app that every WSGI server of the benchmark serves: one small view."""

from flask import Flask

__all__ = ["app"]

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """A short text."""
    return "Hello, world!\n"
