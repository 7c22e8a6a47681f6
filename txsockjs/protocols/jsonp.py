"""The jsonp transport."""

from txsockjs._http.receive import JSONP
from txsockjs._http.send import JSONPSend

__all__ = ["JSONP", "JSONPSend"]
