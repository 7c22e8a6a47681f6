"""The eventsource transport."""

from txsockjs._http.receive import EventSource

__all__ = ["EventSource"]
