"""How a client is held: as a stream, as a poll or as a WebSocket, by what its request says. Pure."""

from enum import Enum
from typing import Final

from mixsvc.common.http_grammar import media_weight

__all__ = ["EVENT_STREAM", "JSON", "PLAIN_TEXT", "Road", "road_of"]

EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
PLAIN_TEXT: Final = "text/plain; charset=utf-8"


class Road(Enum):
    """The ways to a client that is held; the value is what logs and metrics call it."""

    STREAM = "stream"
    POLL = "poll"
    WEBSOCKET = "websocket"

    @property
    def content_type(self) -> str:
        """The media type of the response."""
        return EVENT_STREAM if self is Road.STREAM else JSON


def road_of(accept: str, upgrade: str) -> Road:
    """The road for a request with these fields, "" for one that it does not have.

    Whoever takes an event stream at least as gladly as JSON gets a stream: browsers' EventSource, htmx, and curl, which
    takes anything. Everybody else polls.
    """
    if any(each.partition("/")[0].strip(" \t").lower() == "websocket" for each in upgrade.split(",")):
        return Road.WEBSOCKET
    stream, json = (media_weight(accept, kind, {}) or 0.0 for kind in (EVENT_STREAM, JSON))
    return Road.STREAM if stream and stream >= json else Road.POLL
