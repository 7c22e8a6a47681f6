"""What a part of the service brings to be reloaded."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from mixsvc.config.settings import Settings

__all__ = ["Prepare", "Swap", "taking"]

# Puts what was prepared into use. Returns what is new besides settings, such as certificates, in words. Called in the
# reactor thread; does not fail.
Swap: TypeAlias = Callable[[], Sequence[str] | None]

# Checks settings and builds what they need, in a worker thread, which may block. Raises MixError or BadOption, and has
# changed nothing then.
Prepare: TypeAlias = Callable[[Settings], Swap]


def taking(take: Callable[[Settings], None]) -> Prepare:
    """Returns that of a part which has nothing to check: take(settings) is what swaps."""
    return lambda settings: partial(take, settings)
