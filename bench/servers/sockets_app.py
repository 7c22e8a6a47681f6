"""A Flask app with a small page and a WebSocket of flask-sock that echoes."""

from flask_sock import Sock  # type: ignore[import-untyped]
from simple_websocket import Server

# Lives in the environment of this server alone.
from wsgi_app import app  # type: ignore[import-not-found]

__all__ = ["app"]


def _echo(socket: Server) -> None:
    while True:
        socket.send(socket.receive())


Sock(app).route("/echo")(_echo)
