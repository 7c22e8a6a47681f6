"""A chatter over a raw or a SockJS WebSocket, for tests in threads of their own."""

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from tests.e2e.support.service import DEADLINE

__all__ = ["Chatter"]


class Chatter:
    """Says hello and joins the lobby; a context manager."""

    def __init__(self, port: int, name: str, token: str | None = None) -> None:
        url = f"ws://127.0.0.1:{port}/chat/websocket"
        # No limit to what waits: the answer to a close frame is not read behind messages that nobody reads.
        self._connecting = connect(url, open_timeout=DEADLINE, close_timeout=DEADLINE, max_queue=None)
        self.name = name
        self._hello = {"type": "hello", "name": name, **({"token": token} if token is not None else {})}
        self.socket: ClientConnection

    def __enter__(self) -> Self:
        self.socket = self._connecting.__enter__()
        self.ask(**self._hello)
        self.wait_for("welcome")
        self.ask(type="join", room="lobby")
        self.joined = self.wait_for("joined")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connecting.__exit__(kind, error, trace)

    def ask(self, **fields: object) -> None:
        """Send one message."""
        self.socket.send(json.dumps(fields))

    def say(self, text: str, key: str | None = None) -> int:
        """Say something in the lobby; its number."""
        self.ask(type="say", room="lobby", text=text, key=key)
        number: int = self.wait_for("said")["number"]
        return number

    def wait_for_members(self, *names: str) -> None:
        """Wait until these are in the lobby, too: a node may hear of who came on another a moment later."""
        missing = {*names} - {*self.joined["members"]}
        while missing:
            missing.discard(self.wait_for("came")["name"])

    def read_up_to(self, is_last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The next messages, up to one of which this is true."""
        found: list[dict[str, Any]] = []
        while not found or not is_last(found[-1]):
            found.append(json.loads(self.socket.recv(timeout=DEADLINE)))
        return found

    def wait_for(self, kind: str) -> dict[str, Any]:
        """The next message of this type; those before it are passed over."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=DEADLINE))
            if message["type"] == kind:
                return message
