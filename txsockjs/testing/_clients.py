"""Clients in memory that send and read messages: over a WebSocket, a raw WebSocket, and xhr."""

import json
from typing import Any, Final

from websockets.frames import Opcode

from txsockjs.testing._service import MemoryResponse, MemoryService
from txsockjs.testing._websocket import MemoryWebSocket

__all__ = ["RawWebSocketClient", "WebSocketClient", "XHRClient"]

# How many messages a client that polls reads at once. An outbox never has so many, but a producer may never end.
MOST_MESSAGES: Final = 30_000


class WebSocketClient:
    """A SockJS client over a WebSocket."""

    def __init__(self, service: MemoryService, session: str = "s") -> None:
        """Connect. session: its name in the URL; each WebSocket has a session of its own, whatever the name."""
        self.service = service
        self.socket = MemoryWebSocket(service, f"/0/{session}/websocket")

    def send(self, *messages: str) -> None:
        """Send messages in one frame, and end the reactor's turn."""
        self.socket.send_text(json.dumps(messages))

    @property
    def frames(self) -> list[str]:
        """The SockJS frames that have come, such as o, h, a["message"] and c[3000,"Go away!"]."""
        self.socket.exchange()
        return self.socket.texts

    @property
    def messages(self) -> list[str]:
        """The messages that have come, in order."""
        return _messages(self.frames)

    @property
    def closed_with(self) -> tuple[int, str] | None:
        """The code and the reason with which the server closed the session; None while it is open."""
        return _close(self.frames)

    def disconnect(self) -> None:
        """Go away without closing the session."""
        self.socket.transport.lose()


class RawWebSocketClient:
    """A client of the raw WebSocket: its messages are the application's, without SockJS frames."""

    def __init__(self, service: MemoryService) -> None:
        """Connect."""
        self.service = service
        self.socket = MemoryWebSocket(service, "/websocket")

    def send(self, *messages: str | bytes) -> None:
        """Send each message, text or binary, in a frame of its own, and end the reactor's turn."""
        for message in messages:
            if isinstance(message, bytes):
                self.socket.send_binary(message)
            else:
                self.socket.send_text(message)

    @property
    def messages(self) -> list[str | bytes]:
        """The messages that have come, in order: text, or the bytes of a binary message."""
        self.socket.exchange()
        data = [(frame.opcode, bytes(frame.data)) for frame in self.socket.frames]
        kinds = (Opcode.TEXT, Opcode.BINARY)
        return [data.decode("utf-8") if opcode is Opcode.TEXT else data for opcode, data in data if opcode in kinds]

    @property
    def closed_with(self) -> tuple[int, str] | None:
        """The code and the reason of the server's close frame; None until it has come."""
        self.socket.exchange()
        return self.socket.closed_with

    def disconnect(self) -> None:
        """Go away without a close frame."""
        self.socket.transport.lose()


class XHRClient:
    """A SockJS client that polls: one request of xhr at a time, and xhr_send for what it sends.

    It polls when it is made. It polls again when the test next uses it, if a poll was answered meanwhile.
    """

    def __init__(self, service: MemoryService, session: str = "s") -> None:
        """Open the session, or poll the session of this name if there is one."""
        self.service = service
        self._path = f"/0/{session}/xhr"
        self._frames: list[str] = []
        self._poll = self._request()
        self._read()

    def send(self, *messages: str) -> None:
        """Send messages in one request, and end the reactor's turn. Raises AssertionError if the service refuses."""
        response = self.service.post(f"{self._path}_send", json.dumps(messages).encode("ascii"))
        assert response.status == 204, f"xhr_send was answered {response.status}: {response.body!r}"

    @property
    def frames(self) -> list[str]:
        """The SockJS frames that have come, such as o, h, a["message"] and c[3000,"Go away!"]."""
        self._read()
        return list(self._frames)

    @property
    def messages(self) -> list[str]:
        """The messages that have come, in order."""
        return _messages(self.frames)

    @property
    def closed_with(self) -> tuple[int, str] | None:
        """The code and the reason with which the server closed the session; None while it is open."""
        return _close(self.frames)

    def disconnect(self) -> None:
        """Drop the poll that is open: the session ends, as its connection is lost."""
        self._read()
        self._poll.transport.lose()

    def _read(self) -> None:
        """Read the polls that were answered, and poll again, until one stays open or there are MOST_MESSAGES."""
        self.service.flush()
        count = 0
        while self._poll.is_ended and _close(self._frames) is None and count < MOST_MESSAGES:
            self._frames.append(self._poll.body.decode("ascii").removesuffix("\n"))
            count += len(_messages(self._frames[-1:]))
            self._poll = self._request()

    def _request(self) -> MemoryResponse:
        response = self.service.post(self._path)
        assert response.transport.value() == b"" or response.status == 200, f"xhr was answered {response.status}"
        return response


def _messages(frames: list[str]) -> list[str]:
    return [message for frame in frames if frame.startswith("a") for message in json.loads(frame[1:])]


def _close(frames: list[str]) -> tuple[int, str] | None:
    closes: list[Any] = [json.loads(frame[1:]) for frame in frames if frame.startswith("c")]
    return (closes[0][0], closes[0][1]) if closes else None
