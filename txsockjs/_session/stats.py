"""What a service counts, for whoever draws graphs of it."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Numbers"]


@dataclass(frozen=True)
class Numbers:
    """The numbers of one moment; those that only grow count from the start of the service.

    sessions: those that live, by the transport that they use or used last: xhr, xhr_streaming, eventsource, htmlfile,
    jsonp, websocket, raw websocket. opened: sessions until now. refused: sessions that were not opened, by what stood
    against them: sessions or address (the limits max_sessions, max_sessions_per_address), stopping.
    outbox_closes: sessions closed because their clients did not read (the limit max_outbox).
    """

    sessions: Mapping[str, int]
    opened: int
    refused: Mapping[str, int]
    outbox_closes: int
