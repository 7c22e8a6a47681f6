"""An engine whose answers the test gives."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from mixsvc.errors import StorageError
from mixsvc.nodes.hints import Hint
from mixsvc.nodes.interfaces import H

__all__ = ["FakeBus", "FakeRun"]


class FakeRun:
    """Implements Run: notes what is asked, the oldest first, until it is answered."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], Deferred[Any]]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Deferred[Any]":
        answer: Deferred[Any] = Deferred()
        self.asked.append((function.__name__, args, answer))
        return answer

    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]

    def answer(self, name: str, result: Any = None) -> tuple[Any, ...]:
        """Answer the oldest question, which has to be this function; returns what it was called with."""
        function, args, answer = self.asked.pop(0)
        assert function == name, function
        answer.callback(result)
        return args

    def fail(self, name: str) -> tuple[Any, ...]:
        """The engine does not answer the oldest question."""
        function, args, answer = self.asked.pop(0)
        assert function == name, function
        answer.errback(StorageError("away"))
        return args


class FakeBus:
    """Notes what is told; the test says what is heard."""

    def __init__(self) -> None:
        self.told: list[Hint] = []
        self.listeners: dict[type[Any], Callable[[Any], object]] = {}

    def tell(self, hint: Hint) -> None:
        self.told.append(hint)

    def listen(self, kind: type[H], heard: Callable[[H], object]) -> None:
        self.listeners[kind] = heard

    def hear(self, hint: Hint) -> None:
        self.listeners[type(hint)](hint)
