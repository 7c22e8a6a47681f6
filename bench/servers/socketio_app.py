"""The same Flask app with Flask-SocketIO in its threading mode, and two events that come back."""

# Both live in the environment of this server alone.
from flask_socketio import SocketIO, emit  # type: ignore[import-untyped]
from wsgi_app import app  # type: ignore[import-not-found]

__all__ = ["app"]


def _say(number: int) -> None:
    emit("say", number)


def _who(number: int) -> None:
    emit("who", number)


_socketio = SocketIO(app, async_mode="threading")
_socketio.on_event("say", _say)
_socketio.on_event("who", _who)
