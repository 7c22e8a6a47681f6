"""The running service as views see it, whichever host runs them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zope.interface import implementer

from mixsvc.interfaces import IChat, IMix, IRates
from mixsvc.interfaces.charts import ICharts

__all__ = ["Mix", "Parts", "mix"]


@dataclass(frozen=True)
class Parts:
    """What a running service offers."""

    rates: IRates
    chat: IChat | None
    pairs: Sequence[tuple[str, str]]
    charts: ICharts | None = None


@implementer(IMix)
class Mix:
    """Stands for the service from the first import on; what it offers is found when a view asks.

    May be used in any thread. Raises RuntimeError before `serve` was called.
    """

    def __init__(self) -> None:
        self._find: Callable[[], Parts] | None = None

    def serve(self, find: Callable[[], Parts]) -> None:
        """From now on ask `find`, which is called in whatever thread a view runs in."""
        self._find = find

    @property
    def is_served(self) -> bool:
        """Whether `serve` was called."""
        return self._find is not None

    @property
    def rates(self) -> IRates:
        """See IMix."""
        return self._parts().rates

    @property
    def chat(self) -> IChat | None:
        """See IMix."""
        return self._parts().chat

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """See IMix."""
        return self._parts().pairs

    @property
    def charts(self) -> ICharts | None:
        """See IMix."""
        return self._parts().charts

    def _parts(self) -> Parts:
        if self._find is None:
            raise RuntimeError("mixsvc does not run here; start it with `twistd mixsvc`, or serve mixsvc.app")
        return self._find()


mix = Mix()
