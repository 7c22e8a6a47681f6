"""The life of a session as a table: what changes its state is an Input, and a move that is not there is a mistake."""

from enum import Enum, auto
from typing import Final

__all__ = ["CLOSING", "OPEN", "TRANSITIONS", "Input", "State"]


class State(Enum):
    """NEW: no receiver yet. CLOSING: the close frame is not delivered yet. CLOSED: the application knows."""

    NEW = auto()
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


# Read for each recipient of each message, where an Enum's member costs more than a name.
OPEN: Final = State.OPEN
CLOSING: Final = State.CLOSING


class Input(Enum):
    """What happens to a session."""

    ATTACHED = auto()
    CLOSE = auto()
    CLOSE_DELIVERED = auto()
    LOST = auto()


TRANSITIONS: Final[dict[State, dict[Input, State]]] = {
    State.NEW: {Input.ATTACHED: State.OPEN, Input.LOST: State.CLOSED},
    State.OPEN: {Input.ATTACHED: State.OPEN, Input.CLOSE: State.CLOSING, Input.LOST: State.CLOSED},
    State.CLOSING: {
        Input.ATTACHED: State.CLOSING,
        Input.CLOSE_DELIVERED: State.CLOSED,
        Input.LOST: State.CLOSED,
    },
    State.CLOSED: {},
}
