"""The running service as views see it, in twistd and in every other host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zope.interface import implementer

from mixsvc.interfaces import IChat, IMix, IRates
from mixsvc.interfaces.charts import ICharts

__all__ = ["Mix", "Facades", "mix"]


@dataclass(frozen=True)
class Facades:
    """What a running service offers to views; the fields are those of IMix."""

    rates: IRates
    chat: IChat | None
    pairs: Sequence[tuple[str, str]]
    charts: ICharts | None = None


@implementer(IMix)
class Mix:
    """The object behind `from mixsvc import mix`: importable before a service runs, it finds the service when asked.

    Used in any thread. Its attributes raise RuntimeError before `connect` is called.
    """

    def __init__(self) -> None:
        self._find: Callable[[], Facades] | None = None

    def connect(self, find: Callable[[], Facades]) -> None:
        """From now on find the service by `find`, which is called in the thread of the view that asks."""
        self._find = find

    @property
    def is_connected(self) -> bool:
        """Whether `connect` was called."""
        return self._find is not None

    @property
    def rates(self) -> IRates:
        """See IMix."""
        return self._facades().rates

    @property
    def chat(self) -> IChat | None:
        """See IMix."""
        return self._facades().chat

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """See IMix."""
        return self._facades().pairs

    @property
    def charts(self) -> ICharts | None:
        """See IMix."""
        return self._facades().charts

    def _facades(self) -> Facades:
        if self._find is None:
            raise RuntimeError("mixsvc does not run here; start it with `twistd mixsvc`, or serve mixsvc.app")
        return self._find()


mix = Mix()
