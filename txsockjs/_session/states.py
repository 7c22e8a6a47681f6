"""The life of a session as a table.

    state      ATTACHED    FINISH       CLOSE      CLOSE_DELIVERED    ABORT       LOST
    NEW        OPEN        -            -          -                  -           CLOSED
    OPEN       OPEN        FINISHING    CLOSING    -                  ABORTING    CLOSED
    FINISHING  FINISHING   -            CLOSING    -                  ABORTING    CLOSED
    CLOSING    CLOSING     -            -          CLOSED             ABORTING    CLOSED
    ABORTING   ABORTING    -            -          -                  -           CLOSED
    CLOSED     -           -            -          -                  -           -

NEW: no receiver has come yet, and the application does not know of the session. OPEN: messages go both ways, even while
no receiver is attached. FINISHING: the application has closed the session while a producer was registered, which may
write to its end first; nothing is taken from the client any more. CLOSING: the close frame waits behind the messages
that were posted before. ABORTING: the client's connection is dropped at the end of the turn. CLOSED: the application
was told of the end. A closed session that has a name keeps it until its timer is due, so that a client that polls again
gets its close frame (SockJS protocol 0.3.3, section HandlingClose).

A move that is not in the table is a mistake in txsockjs: it raises KeyError.
"""

from enum import Enum, auto
from typing import Final

__all__ = ["CLOSING", "FINISHING", "OPEN", "TRANSITIONS", "Input", "State"]


class State(Enum):
    """Where a session is in its life; see the table above."""

    NEW = auto()
    OPEN = auto()
    FINISHING = auto()
    CLOSING = auto()
    ABORTING = auto()
    CLOSED = auto()


# Read for each recipient of each message; reading a member of an Enum costs more than reading a name.
OPEN: Final = State.OPEN
FINISHING: Final = State.FINISHING
CLOSING: Final = State.CLOSING


class Input(Enum):
    """What happens to a session.

    ATTACHED: a receiver came. FINISH: the application closes the session, and a producer is registered. CLOSE: the
    session is closed without a producer, or whatever that has still to write. CLOSE_DELIVERED: a receiver has the close
    frame. ABORT: the application drops the connection. LOST: the receiver's connection was lost, or no receiver came in
    time.
    """

    ATTACHED = auto()
    FINISH = auto()
    CLOSE = auto()
    CLOSE_DELIVERED = auto()
    ABORT = auto()
    LOST = auto()


TRANSITIONS: Final[dict[State, dict[Input, State]]] = {
    State.NEW: {Input.ATTACHED: State.OPEN, Input.LOST: State.CLOSED},
    State.OPEN: {
        Input.ATTACHED: State.OPEN,
        Input.FINISH: State.FINISHING,
        Input.CLOSE: State.CLOSING,
        Input.ABORT: State.ABORTING,
        Input.LOST: State.CLOSED,
    },
    State.FINISHING: {
        Input.ATTACHED: State.FINISHING,
        Input.CLOSE: State.CLOSING,
        Input.ABORT: State.ABORTING,
        Input.LOST: State.CLOSED,
    },
    State.CLOSING: {
        Input.ATTACHED: State.CLOSING,
        Input.CLOSE_DELIVERED: State.CLOSED,
        Input.ABORT: State.ABORTING,
        Input.LOST: State.CLOSED,
    },
    State.ABORTING: {Input.ATTACHED: State.ABORTING, Input.LOST: State.CLOSED},
    State.CLOSED: {},
}
