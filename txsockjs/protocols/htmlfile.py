"""The htmlfile transport."""

from txsockjs._http.htmlfile import HTMLFile

__all__ = ["HTMLFile"]
