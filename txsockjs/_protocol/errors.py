"""What txsockjs raises.

SockJSError
├── BadOption   the caller gave an option that cannot be used
└── ClientError a client did what it may not; carries the answer
    ├── BadPost it posted what cannot be read
    └── Refused it may not have a session now
"""

__all__ = ["BadOption", "BadPost", "ClientError", "Refused", "SockJSError"]


class SockJSError(Exception):
    """The root."""


class BadOption(SockJSError, ValueError):
    """An option that is unknown or has a value that will not do; a caller's mistake."""


class ClientError(SockJSError):
    """A client's mistake: `status` and the text are the answer to it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class BadPost(ClientError):
    """A body that cannot be read."""


class Refused(ClientError):
    """A session that cannot be had: there are too many, or the server is stopping."""
