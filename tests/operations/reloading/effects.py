"""Which test shows the effect of which setting: a walk over all settings finds those without one."""

from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["SHOWN", "shows"]

Test = TypeVar("Test", bound=Callable[..., object])

# Section and key of each setting whose effect some test shows.
SHOWN: Final[set[tuple[str, str]]] = set()


def shows(*names: str) -> Callable[[Test], Test]:
    """A decorator of tests. names: the settings whose effect it shows, such as "chat.rate"."""
    for name in names:
        section, _, key = name.partition(".")
        SHOWN.add((section, key))
    return lambda test: test
