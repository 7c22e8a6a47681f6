"""SockJS for Twisted on Python 3, with the names of txsockjs 1.2.2 in factory, multiplex and utils."""

from txsockjs._errors import BadOption, SockJSError

__all__ = ["BadOption", "SockJSError"]
