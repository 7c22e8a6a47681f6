"""The jsonp transport."""

from txsockjs._http.jsonp import JSONP, JSONPSend

__all__ = ["JSONP", "JSONPSend"]
