"""The WebSocket transports."""

from txsockjs._websocket.resources import RawWebSocket, WebSocket

__all__ = ["RawWebSocket", "WebSocket"]
