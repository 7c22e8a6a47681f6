"""The htmlfile transport."""

from txsockjs._http.receive import HTMLFile

__all__ = ["HTMLFile"]
