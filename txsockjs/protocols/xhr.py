"""The xhr transports."""

from txsockjs._receiving import XHRPolling, XHRStream
from txsockjs._sending import XHRSend

__all__ = ["XHR", "XHRSend", "XHRStream"]

XHR = XHRPolling
