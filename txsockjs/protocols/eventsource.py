"""The eventsource transport."""

from txsockjs._receiving import EventSource

__all__ = ["EventSource"]
