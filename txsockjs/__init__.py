"""SockJS for Twisted on Python 3, with the names of txsockjs 1.2.2 in factory, multiplex and utils."""

from txsockjs._protocol.errors import BadOption, SockJSError
from txsockjs._session.stats import Numbers

__all__ = ["BadOption", "Numbers", "SockJSError"]
