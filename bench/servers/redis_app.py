"""A chat as Flask-SocketIO's documentation shows it, with Redis between the workers; each message is acknowledged."""

import os
from typing import Any

# They live in the environment of this server alone.
from flask import Flask
from flask_socketio import SocketIO, emit, join_room  # type: ignore[import-untyped]

__all__ = ["app"]

app = Flask(__name__)
_socketio = SocketIO(app, async_mode="threading", message_queue=os.environ["BENCH_REDIS"])


def _join(room: str) -> bool:
    join_room(room)
    return True


def _say(message: dict[str, Any]) -> bool:
    emit("message", message, to=message["room"])
    return True


_socketio.on_event("join", _join)
_socketio.on_event("say", _say)
