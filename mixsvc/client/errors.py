"""What goes wrong in the chat client, for whoever uses it.

ClientError
├── BadUrl       the URL is none of a WebSocket
├── Refused      the server says no; carries its code
│   └── Banned   a moderator sent this person away
├── NothingSaid  the server answered a command in place of saying it
├── NotInside    something was to be said in a room that was not joined, or has been left
├── QueueFull    too much waits already
└── Stopped      the client was stopped before the answer came
"""

from mixsvc.errors import MixError

__all__ = ["BadUrl", "Banned", "ClientError", "NotInside", "NothingSaid", "QueueFull", "Refused", "Stopped"]


class ClientError(MixError):
    """The root."""


class BadUrl(ClientError, ValueError):
    """No URL of a WebSocket; the text says what would do."""


class Refused(ClientError):
    """The server says no, and would say it again.

    The text is the server's sentence for the person. code: one of docs/reference/chat-protocol.md; suggestion: what
    it would take in place of a name or room ("": nothing); wait: seconds after which it may say yes (None: not known).
    """

    def __init__(self, code: str, text: str, suggestion: str = "", wait: float | None = None) -> None:
        super().__init__(text)
        self.code, self.suggestion, self.wait = code, suggestion, wait


class Banned(Refused):
    """A moderator sent this person away; the text says until when."""

    def __init__(self, text: str) -> None:
        super().__init__("banned", text)


class NothingSaid(ClientError):
    """A command such as /help was answered for its author alone; the text is the answer."""


class NotInside(ClientError):
    """Something was to be said in a room that was not joined, or that was left before the answer."""


class QueueFull(ClientError):
    """As many requests wait for the server as Options allow; try again when one of them has been answered."""


class Stopped(ClientError):
    """The client was stopped before the answer came. What was said may have been stored all the same."""
