"""A value that a reload replaces while the parts that were given it go on."""

from typing import Generic, TypeVar

__all__ = ["Current"]

T = TypeVar("T")


class Current(Generic[T]):
    """now: the value as it is. Written in the reactor thread, and read in any: it is replaced as a whole."""

    __slots__ = ("now",)

    def __init__(self, now: T) -> None:
        self.now = now
