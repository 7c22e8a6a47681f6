"""The names that users import from txsockjs: to change this list is to change the public interface."""

from importlib import import_module
from pkgutil import walk_packages

import pytest

import txsockjs

PUBLIC = {
    "txsockjs": ["BadOption", "Numbers", "SockJSError"],
    "txsockjs.clock": ["steady"],
    "txsockjs.conformance": ["Close", "Echo", "main", "services"],
    "txsockjs.endpoint": ["SockJSEndpoint", "parse_server"],
    "txsockjs.factory": ["SockJSFactory", "SockJSMultiFactory", "SockJSResource"],
    "txsockjs.interfaces": ["IRequestScheme", "IUpgradableChannel", "UpgradedProtocol"],
    "txsockjs.multiplex": ["MultiplexFactory", "MultiplexProtocol", "SockJSMultiplexResource"],
    "txsockjs.protocols": [],
    "txsockjs.protocols.eventsource": ["EventSource"],
    "txsockjs.protocols.htmlfile": ["HTMLFile"],
    "txsockjs.protocols.jsonp": ["JSONP", "JSONPSend"],
    "txsockjs.protocols.static": ["IFrame", "Info"],
    "txsockjs.protocols.websocket": ["RawWebSocket", "WebSocket"],
    "txsockjs.protocols.xhr": ["XHR", "XHRSend", "XHRStream"],
    "txsockjs.sockets": [
        "PlainWebSockets",
        "RefusedHandshake",
        "SocketWriter",
        "WebSocketConnection",
        "WebSocketListener",
        "open_writer",
        "progress",
        "text_frame",
        "upgrade_connection",
        "write_to_all",
    ],
    "txsockjs.testing": [
        "MemoryResponse",
        "MemoryService",
        "MemoryTransport",
        "MemoryWebSocket",
        "RawWebSocketClient",
        "RecordingProducer",
        "RecordingTransport",
        "WebSocketClient",
        "XHRClient",
    ],
    "txsockjs.utils": ["ChainedOpenSSLContextFactory", "broadcast", "normalize"],
}


def is_private(module: str) -> bool:
    return any(part.startswith("_") for part in module.split("."))


def test_these_are_all_public_modules() -> None:
    found = {each.name for each in walk_packages(txsockjs.__path__, "txsockjs.")} | {"txsockjs"}

    assert {name for name in found if not is_private(name)} == set(PUBLIC)


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_exports_exactly_these_names(module: str) -> None:
    assert sorted(getattr(import_module(module), "__all__", [])) == PUBLIC[module]


@pytest.mark.parametrize("module", PUBLIC)
def test_each_name_that_is_exported_is_there(module: str) -> None:
    missing = [name for name in PUBLIC[module] if not hasattr(import_module(module), name)]

    assert missing == []


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_defines_no_other_public_name(module: str) -> None:
    """What is defined there, and not merely imported, must be listed or begin with an underscore."""
    names = vars(import_module(module)).items()

    defined = {name for name, value in names if getattr(value, "__module__", None) == module and name[0] != "_"}

    assert defined <= set(PUBLIC[module])
