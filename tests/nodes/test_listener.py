"""The connection that hears the other nodes is closed, whenever the node stops."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from mixsvc.nodes.listener import FIRST_PAUSE, HintListener


class Connection:
    """Notes that it is closed; `listening` is called when it is told to LISTEN."""

    def __init__(self, listening: Callable[[], object]) -> None:
        self._listening = listening
        self.is_closed = False
        self.file = 0

    def fileno(self) -> int:
        return self.file

    def cursor(self) -> "Connection":
        return self

    def execute(self, statement: str, values: object = None) -> "Connection":
        if statement.startswith("LISTEN"):
            self._listening()
        return self

    def fetchone(self) -> tuple[str]:
        return ("channel",)

    def close(self) -> None:
        self.is_closed = True


def in_thread(function: Callable[[], Any]) -> "Deferred[Any]":
    return execute(function)


def test_the_log_says_in_one_line_why_nobody_is_heard() -> None:
    def refused() -> Any:
        raise ConnectionError("connection failed: no such host\n\tIs the server running?\nand more")

    listener = HintListener(Clock(), refused, in_thread, lambda hint: None, lambda: None)
    with capturedLogs() as events:
        listener.start()

    assert [formatEvent(each) for each in events] == [
        "nodes: this node does not hear the others (connection failed: no such host); it tries again"
    ]


def test_a_connection_that_comes_about_while_the_node_stops_is_closed_by_its_own_thread() -> None:
    connection: Any = Connection(lambda: listener.stop())
    listener = HintListener(Clock(), lambda: connection, in_thread, lambda hint: None, lambda: None)

    listener.start()

    assert connection.is_closed


def test_a_connection_that_cannot_be_watched_is_closed_and_another_one_is_tried() -> None:
    clock, made = Clock(), [Connection(lambda: None), Connection(lambda: None)]
    for each in made:
        # None that is open, as where a process has as many as it may have.
        each.file = -1
    waiting: Any = iter(made)
    listener = HintListener(clock, lambda: next(waiting), in_thread, lambda hint: None, lambda: None)
    with capturedLogs() as events:
        listener.start()

    assert [each.is_closed for each in made] == [True, False]
    assert [formatEvent(each) for each in events] == [
        "nodes: this node does not hear the others ([Errno 9] Bad file descriptor); it tries again"
    ]
    clock.advance(FIRST_PAUSE)
    assert made[1].is_closed
