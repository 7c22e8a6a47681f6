"""The htmlfile transport."""

from txsockjs._receiving import HTMLFile

__all__ = ["HTMLFile"]
