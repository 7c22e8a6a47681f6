"""The xhr transports."""

from txsockjs._http.receive import XHRPolling, XHRStream
from txsockjs._http.send import XHRSend

__all__ = ["XHR", "XHRSend", "XHRStream"]

XHR = XHRPolling
