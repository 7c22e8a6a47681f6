"""The phases of a connection."""

from enum import Enum, auto

__all__ = ["Phase"]


class Phase(Enum):
    """What a connection waits for; see the table in channel.py."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    RESPONSE = auto()
    REFUSED = auto()
    CLOSING = auto()
    UPGRADED = auto()
    LOST = auto()
