"""The exceptions of the chat client; each text is a sentence for the user.

ClientError
├── BadUrl       the URL is not that of a WebSocket
├── Refused      the server refuses the request; carries its code
│   └── Banned   a moderator banned this person
├── NothingSaid  the server answered a command instead of storing a message
├── NotInside    the room was not joined, or was left before the answer
├── QueueFull    too many requests wait already
└── Stopped      the client was stopped before the answer came
"""

from mixsvc.errors import MixError

__all__ = ["BadUrl", "Banned", "ClientError", "NotInside", "NothingSaid", "QueueFull", "Refused", "Stopped"]


class ClientError(MixError):
    """The root of the client's exceptions."""


class BadUrl(ClientError, ValueError):
    """The URL is not that of a WebSocket; the text gives a valid one."""


class Refused(ClientError):
    """The server refuses a request, and would refuse it again.

    The text is the server's sentence for the user. code: one of docs/reference/chat-protocol.md. suggestion: a name or
    room that it would accept ("": none). wait: seconds after which it may accept the request (None: not known).
    """

    def __init__(self, code: str, text: str, suggestion: str = "", wait: float | None = None) -> None:
        super().__init__(text)
        self.code, self.suggestion, self.wait = code, suggestion, wait


class Banned(Refused):
    """A moderator banned this person; the text says until when."""

    def __init__(self, text: str) -> None:
        super().__init__("banned", text)


class NothingSaid(ClientError):
    """The server answered a command such as /help for this client alone; the text is the answer."""


class NotInside(ClientError):
    """The room was not joined, or was left before the answer."""


class QueueFull(ClientError):
    """`Options.max_waiting` requests wait for the server; try again when one of them has been answered."""


class Stopped(ClientError):
    """The client was stopped before the answer came. The server may have stored the text all the same."""
