"""What a service counts, for graphs and alarms."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Numbers"]


@dataclass(frozen=True)
class Numbers:
    """The numbers at one moment. All but `sessions` only grow, from 0 at the start of the service.

    sessions: sessions that are open, by the transport that they use or used last: xhr, xhr_streaming, eventsource,
    htmlfile, jsonp, websocket, raw websocket. opened: sessions that were opened. refused: sessions that were refused,
    by reason: sessions (the limit max_sessions), address (max_sessions_per_address), stopping. outbox_closes: sessions
    that were closed because their clients did not read (max_outbox).
    """

    sessions: Mapping[str, int]
    opened: int
    refused: Mapping[str, int]
    outbox_closes: int
