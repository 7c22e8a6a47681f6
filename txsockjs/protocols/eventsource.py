"""The eventsource transport."""

from txsockjs._http.eventsource import EventSource

__all__ = ["EventSource"]
