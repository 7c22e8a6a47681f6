"""Where a program on the same machine finds the chat of a service with given settings."""

import re
from collections.abc import Sequence
from typing import Final

from mixsvc.config.endpoint_text import EndpointText
from mixsvc.config.settings import Settings
from mixsvc.errors import BadSetting

__all__ = ["chat_urls", "first_port"]

SCHEMES: Final = {"tcp": "ws", "tcp6": "ws", "ssl": "wss"}

# Addresses that stand for all of a machine's.
EVERY: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def chat_urls(settings: Settings) -> Sequence[str]:
    """Returns where the chat's WebSocket may be: on the first endpoint with TCP of [chat] listen, which hosts open, and
    on that of [server] listen, which the service does.

    Raises BadSetting if no endpoint has a known port.
    """
    listening = (settings.chat.listen, settings.server.endpoints())
    places = [next(filter(None, map(_place, endpoints)), None) for endpoints in listening]
    found = [f"{place}{settings.chat.prefix}/websocket" for place in places if place]
    if not found:
        setting = "[chat] listen" if settings.chat.listen else "[server] listen"
        raise BadSetting(f"{setting} has no TCP port with a number, so give the address of the chat with --url")
    return found


def first_port(endpoints: Sequence[str]) -> int | None:
    """Returns the number of the first TCP port that the endpoints name, None if none of them names any."""
    places = [place for place in map(_place, endpoints) if place]
    return int(places[0].rpartition(":")[2]) if places else None


def _place(endpoint: str) -> str | None:
    """Returns scheme, host and port of an endpoint (twisted.internet.endpoints), None if it has none."""
    text = EndpointText.of(endpoint)
    port = text.named.get("port") or next(iter(text.words), "")
    if text.kind not in SCHEMES or not re.fullmatch("[1-9][0-9]{0,4}", port):
        return None
    interface = text.named.get("interface", "")
    host = "::1" if text.kind == "tcp6" and not interface else EVERY.get(interface, interface)
    return f"{SCHEMES[text.kind]}://{f'[{host}]' if ':' in host else host}:{port}"
