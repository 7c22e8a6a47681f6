"""The errors of txsockjs.

SockJSError
├── BadOption    an option is unknown or has a value that is not valid
└── ClientError  a client broke the protocol or a limit; has the answer to it
    ├── BadPost  what the client posted cannot be read
    └── Refused  the client cannot have a session now
"""

__all__ = ["BadOption", "BadPost", "ClientError", "Refused", "SockJSError"]


class SockJSError(Exception):
    """The root of all errors that txsockjs raises."""


class BadOption(SockJSError, ValueError):
    """An option is unknown, or its value is not valid. The message says which values are."""


class ClientError(SockJSError):
    """A client's mistake. status: the HTTP status of the answer; the text is its body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class BadPost(ClientError):
    """A body that cannot be read as messages."""


class Refused(ClientError):
    """No session can be opened: there are too many, or the server is stopping."""
