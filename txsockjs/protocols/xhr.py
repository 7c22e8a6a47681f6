"""The xhr transports."""

from txsockjs._http.xhr import XHRPolling, XHRSend, XHRStream

__all__ = ["XHR", "XHRSend", "XHRStream"]

XHR = XHRPolling
