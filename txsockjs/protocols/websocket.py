"""The WebSocket transports."""

from txsockjs._websocket import RawWebSocket, WebSocket

__all__ = ["RawWebSocket", "WebSocket"]
