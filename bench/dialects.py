"""What a chat client says and hears over a WebSocket: our chat, and a Flask-SocketIO server that echoes. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.protocol import ProtocolError

__all__ = ["CHAT", "SOCKET_IO", "Dialect", "Question"]

ROOM: Final = "lobby"


@dataclass(frozen=True)
class Question:
    """A message that gets an answer.

    text: the message with this number. answered: which number a text answers; None: none. It is called with the text
    and with the lowest number that has no answer. It raises ProtocolError for a refusal.
    """

    text: Callable[[int], str]
    answered: Callable[[str, int], int | None]


@dataclass(frozen=True)
class Dialect:
    """How a server is spoken to.

    path: of the WebSocket. greeting: makes pairs of a text to send ("": nothing) and a part of the text to wait for,
    from the name of the client. questions: by their names. pongs: texts that must be answered at once, and the answers.
    """

    path: str
    greeting: Callable[[str], Sequence[tuple[str, str]]]
    questions: Mapping[str, Question]
    pongs: Mapping[str, str] = field(default_factory=dict)


def _greet_chat(name: str) -> Sequence[tuple[str, str]]:
    hello, join = {"type": "hello", "name": name}, {"type": "join", "room": ROOM}
    return (json.dumps(hello), '"type":"welcome"'), (json.dumps(join), '"type":"joined"')


def _say(number: int) -> str:
    return json.dumps({"type": "say", "room": ROOM, "text": "x" * 60, "key": f"bench {number}"})


def _said(text: str, lowest: int) -> int | None:
    message = _read(text)
    return int(message["key"].split()[1]) if message["type"] == "said" else None


def _who(number: int) -> str:
    return json.dumps({"type": "who", "room": ROOM})


def _members(text: str, lowest: int) -> int | None:
    # The answers come in the order of the requests.
    return lowest if _read(text)["type"] == "who" else None


def _read(text: str) -> Mapping[str, str]:
    message: Mapping[str, str] = json.loads(text)
    if message["type"] == "error":
        raise ProtocolError(f"the chat refused a request: {text[:200]}")
    return message


def _greet_socket_io(name: str) -> Sequence[tuple[str, str]]:
    # Engine.IO opens by itself, then Socket.IO is asked for its default namespace.
    return ("", "0{"), ("40", "40{")


def _event(name: str) -> Question:
    """An event of Socket.IO that comes back with its number."""
    start = f'42["{name}",'

    def answered(text: str, lowest: int) -> int | None:
        return int(text.removeprefix(start).rstrip("]")) if text.startswith(start) else None

    return Question(lambda number: f"{start}{number}]", answered)


CHAT: Final = Dialect("/chat/websocket", _greet_chat, {"say": Question(_say, _said), "who": Question(_who, _members)})
SOCKET_IO: Final = Dialect(
    "/socket.io/?EIO=4&transport=websocket", _greet_socket_io, {"say": _event("say"), "who": _event("who")}, {"2": "3"}
)
