"""Test doubles for applications that use txsockjs: no sockets, no reactor, no waiting.

Which one to use:

- `RecordingTransport` tests one protocol. It is a real SockJSTransport whose client is a list of messages.
- `MemoryService` tests a factory as a service. A real SockJSResource runs in a real twisted.web Site on a
  `twisted.internet.task.Clock`, whose turns end whatever is in them, and the clients below talk to it in memory:
  `WebSocketClient`, `RawWebSocketClient` and `XHRClient` send and read messages, over one transport each;
  `MemoryWebSocket` sends and reads WebSocket frames; `MemoryService.request` sends HTTP requests and returns a
  `MemoryResponse`; `MemoryTransport` is a connection that takes and gives bytes.
- `RecordingProducer` records what a transport asks a producer to do.

All of it runs in the thread of the test. Time passes only when the test calls `MemoryService.advance`. Nothing here
imports a reactor or a test framework, so it works with trial, pytest and unittest.

    service = MemoryService(Factory.forProtocol(Echo))
    client = WebSocketClient(service)
    client.send("hello")
    assert client.messages == ["hello"]
"""

from txsockjs.testing._clients import RawWebSocketClient, WebSocketClient, XHRClient
from txsockjs.testing._recorders import RecordingProducer, RecordingTransport
from txsockjs.testing._service import MemoryResponse, MemoryService, MemoryTransport
from txsockjs.testing._websocket import MemoryWebSocket

__all__ = [
    "MemoryResponse",
    "MemoryService",
    "MemoryTransport",
    "MemoryWebSocket",
    "RawWebSocketClient",
    "RecordingProducer",
    "RecordingTransport",
    "WebSocketClient",
    "XHRClient",
]
