"""A Flask application with WebSockets of flask-sock and of Flask-SocketIO, as their documentation shows."""

import time

from flask import Flask
from flask_sock import Sock  # type: ignore[import-untyped]
from flask_socketio import SocketIO, emit, join_room  # type: ignore[import-untyped]
from simple_websocket import Server

__all__ = ["app"]

app = Flask(__name__)
sock = Sock(app)
socketio = SocketIO(app, async_mode="threading")


@app.get("/")
def index() -> str:
    return "a page"


@sock.route("/echo")  # type: ignore[untyped-decorator]
def echo(ws: Server) -> None:
    while True:
        data = ws.receive()
        if data == "close":
            break
        ws.send(data)


@sock.route("/hang")  # type: ignore[untyped-decorator]
def hang(ws: Server) -> None:
    time.sleep(600)


@socketio.on("join")  # type: ignore[untyped-decorator]
def join(room: str) -> str:
    join_room(room)
    return room


@socketio.on("say")  # type: ignore[untyped-decorator]
def say(data: dict[str, str]) -> int:
    emit("said", data["text"], to=data["room"])
    return len(data["text"])
