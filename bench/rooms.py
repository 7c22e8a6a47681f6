"""How somebody speaks in a room of our chat, and in one of Flask-SocketIO, over a WebSocket. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["CHAT_ROOMS", "SOCKET_IO_ROOMS", "RoomDialect"]


@dataclass(frozen=True)
class RoomDialect:
    """How to speak to a server.

    path: of the WebSocket. enter: makes pairs of a text to send ("": nothing) and a part of the text to wait for, from
    the name of somebody and the room. say: the text that says something there. said, shown: parts of the texts that
    acknowledge a message, and show one. window: how many messages of each sender are on their way. pongs: texts that
    must be answered at once, and the answers.
    """

    path: str
    enter: Callable[[str, str], Sequence[tuple[str, str]]]
    say: Callable[[str, str], str]
    said: str
    shown: str
    window: int
    pongs: Mapping[str, str] = field(default_factory=dict)


def _enter_chat(name: str, room: str) -> Sequence[tuple[str, str]]:
    hello, join = {"type": "hello", "name": name}, {"type": "join", "room": room}
    return (json.dumps(hello), '"type":"welcome"'), (json.dumps(join), '"type":"joined"')


def _say_in_chat(room: str, text: str) -> str:
    return json.dumps({"type": "say", "room": room, "text": text})


def _enter_socket_io(name: str, room: str) -> Sequence[tuple[str, str]]:
    # Engine.IO opens by itself, then Socket.IO is asked for its default namespace. Events with a number are answered.
    return ("", "0{"), ("40", "40{"), (f'421["join",{json.dumps(room)}]', "431[")


def _say_in_socket_io(room: str, text: str) -> str:
    return "422" + json.dumps(["say", {"room": room, "text": text}])


CHAT_ROOMS: Final = RoomDialect("/chat/websocket", _enter_chat, _say_in_chat, '"type":"said"', '"type":"message"', 16)
# It starts a thread for each message, and does no more of them if more come at once.
SOCKET_IO_ROOMS: Final = RoomDialect(
    "/socket.io/?EIO=4&transport=websocket", _enter_socket_io, _say_in_socket_io, "432[", '42["message"', 4, {"2": "3"}
)
