"""Where an HTTP connection stands."""

from enum import Enum, auto

__all__ = ["Phase"]


class Phase(Enum):
    """What the connection waits for."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    # The client, to see why its request is refused.
    REFUSED = auto()
    # The transport, to send the rest and close.
    CLOSING = auto()
    # Nothing: the connection is lost, or another protocol has it.
    GONE = auto()
