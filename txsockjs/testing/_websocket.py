"""A WebSocket client in memory, frame by frame."""

from collections.abc import Sequence
from typing import Any

from websockets.client import ClientProtocol
from websockets.extensions import ClientExtensionFactory
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from txsockjs._protocol.text import as_utf8
from txsockjs.testing._service import MemoryService, MemoryTransport

__all__ = ["MemoryWebSocket"]


class MemoryWebSocket:
    """A client of RFC 6455 that reads frames and answers pings and closes.

    codec: the websockets library's ClientProtocol; to send a frame of your own, call its methods and then `exchange`.
    frames: what the server has sent. transport: the server's end of the connection.
    """

    def __init__(
        self,
        service: MemoryService,
        path: str = "/0/s/websocket",
        also: bytes = b"",
        extensions: Sequence[ClientExtensionFactory] = (),
    ) -> None:
        """Ask for the upgrade.

        path: below the service. also: bytes that arrive in one segment with the request. extensions: those to offer.
        """
        self.service = service
        uri = parse_uri(f"ws://localhost/{service.prefix}{path}")
        self.codec = ClientProtocol(uri, max_size=None, extensions=list(extensions) or None)
        self.frames: list[Frame] = []
        self.transport = MemoryTransport(service.site)
        self.codec.send_request(self.codec.connect())
        self.exchange(also)

    def exchange(self, also: bytes = b"") -> None:
        """Give the server what the codec has to send, and these bytes; end the reactor's turn; read the answer."""
        self.transport.receive(b"".join(self.codec.data_to_send()) + also)
        self.service.flush()
        self.read()

    def read(self) -> None:
        """Read what the server has written."""
        self.codec.receive_data(self.transport.value())
        self.transport.clear()
        self.frames += [event for event in self.codec.events_received() if isinstance(event, Frame)]

    def send_text(self, text: str) -> None:
        """Send one text message; a lone surrogate is encoded as if it were a character, which the server refuses."""
        self.codec.send_text(as_utf8(text))
        self.exchange()

    def send_binary(self, data: bytes) -> None:
        """Send one binary message."""
        self.codec.send_binary(data)
        self.exchange()

    @property
    def texts(self) -> list[str]:
        """The text messages that have come."""
        return [bytes(frame.data).decode("utf-8") for frame in self.frames if frame.opcode is Opcode.TEXT]

    @property
    def closed_with(self) -> tuple[int, str] | None:
        """The code and the reason of the server's close frame; None until it has come."""
        close: Any = self.codec.close_rcvd
        return (int(close.code), close.reason) if close is not None else None
