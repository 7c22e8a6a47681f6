"""The jsonp transport."""

from txsockjs._receiving import JSONP
from txsockjs._sending import JSONPSend

__all__ = ["JSONP", "JSONPSend"]
