"""The server's address: a WebSocket URL (RFC 6455, 3), and the endpoint that connects to it."""

from typing import Any, Final

from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import optionsForClientTLS
from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

from mixsvc.client.errors import BadUrl
from mixsvc.client.options import Options

__all__ = ["endpoint", "parse_url"]

ADVICE: Final = "give one such as ws://127.0.0.1:8080/chat/websocket, or wss:// for TLS"


def parse_url(url: str) -> WebSocketURI:
    """The parts of a ws:// or wss:// URL. Raises BadUrl."""
    if any(character.isspace() or not character.isprintable() for character in url):
        raise BadUrl(f"{url!r} is not the URL of a chat: {ADVICE}")
    try:
        return parse_uri(url)
    except (InvalidURI, ValueError):
        # ValueError: the port, the address or the name is not valid.
        raise BadUrl(f"{url!r} is not the URL of a chat: {ADVICE}") from None


def endpoint(reactor: Any, uri: WebSocketURI, options: Options) -> IStreamClientEndpoint:
    """An endpoint that connects to the server; with wss it checks the certificate and the name in it."""
    plain = HostnameEndpoint(reactor, uri.host, uri.port, timeout=options.open_seconds)
    if not uri.secure:
        return plain
    return wrapClientTLS(optionsForClientTLS(uri.host, trustRoot=options.trust), plain)
