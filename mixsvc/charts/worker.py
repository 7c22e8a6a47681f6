"""What runs Ampoule: the process that draws, and how its parent starts it.

Importing Ampoule installs a reactor, so this must be imported inside functions, once there is one.
"""

import os
import signal
import sys
from datetime import date
from decimal import Decimal
from typing import Any, Final

from ampoule.child import AMPChild  # type: ignore[import-untyped]  # has no types
from ampoule.main import BOOTSTRAP, AMPConnector, ProcessStarter  # type: ignore[import-untyped]  # has no types
from ampoule.pool import ProcessPool  # type: ignore[import-untyped]  # has no types
from twisted.internet.error import ProcessExitedAlready
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

from mixsvc.charts.chart import Chart

__all__ = ["ChartChild", "Draw", "ChartProcessStarter", "make_pool", "draw_arguments"]

# How long a process may be without work before it ends, in seconds: matplotlib takes 70 MB.
IDLE_SECONDS: Final = 60

# After so many pictures a process makes way for a new one.
RECYCLE_AFTER: Final = 1000

# A process that nobody ends, as its parent was killed, ends itself when one picture takes so long, in seconds.
LAST_SECONDS: Final = 120

# Characters of a line that a process says.
MAX_LINE: Final = 300

# What of our environment it gets: where matplotlib keeps its list of fonts. No secrets.
INHERITED: Final = ("HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "SYSTEMROOT")


class Draw(amp.Command):
    """Numbers and codes go to the process, a picture comes back; no value may have more than 65 535 bytes."""

    arguments = [
        (b"pair", amp.Unicode()),
        (b"form", amp.Unicode()),
        (b"days", amp.ListOf(amp.Integer())),
        (b"prices", amp.ListOf(amp.Decimal())),
        (b"sources", amp.ListOf(amp.Unicode())),
    ]
    response = [(b"picture", amp.String())]


def draw_arguments(chart: Chart) -> dict[str, Any]:
    """A chart as the arguments of Draw."""
    return {
        "pair": f"{chart.base}/{chart.quote}",
        "form": chart.form,
        "days": [day.toordinal() for day, _ in chart.points],
        "prices": [price for _, price in chart.points],
        "sources": list(chart.sources),
    }


class ChartChild(AMPChild):  # type: ignore[misc]  # has no types
    """In the process that draws: one picture after the other, until its parent says so or is no more."""

    def draw(
        self, pair: str, form: str, days: list[int], prices: list[Decimal], sources: list[str]
    ) -> dict[str, bytes]:
        """Answers Draw."""
        from mixsvc.charts.drawing import draw

        base, quote = pair.split("/")
        points = [(date.fromordinal(day), price) for day, price in zip(days, prices, strict=True)]
        if os.name == "posix":
            signal.alarm(LAST_SECONDS)
        try:
            return {"picture": draw(Chart(base, quote, points, sources, form, b""))}
        finally:
            if os.name == "posix":
                signal.alarm(0)

    Draw.responder(draw)

    def connectionLost(self, reason: Failure) -> None:
        """The parent is gone: end like after its goodbye, so that what is temporary is tidied up."""
        self.shutdown = True
        AMPChild.connectionLost(self, reason)


class ChartProcessConnector(AMPConnector):  # type: ignore[misc]  # has no types
    """In the parent: the way to one process. Logs what that says, which is never much."""

    _log = Logger()

    def errReceived(self, text: bytes) -> None:
        """A process says something: a warning of matplotlib's, a traceback."""
        for line in text.decode("utf-8", "replace").splitlines():
            if line.strip():
                self._log.warn("charts: process {name} says {line}", name=self.name, line=line[:MAX_LINE])


class ChartProcessStarter(ProcessStarter):  # type: ignore[misc]  # has no types
    """Starts processes, and knows those that have not ended."""

    connectorFactory = ChartProcessConnector

    def __init__(self) -> None:
        # Ampoule lets a process tell of each connection, too.
        quiet = BOOTSTRAP.replace("LogLevel.info", "LogLevel.warn")
        ProcessStarter.__init__(self, bootstrap=quiet, env=_environment())
        self._running: set[Any] = set()

    def startAMPProcess(self, *args: Any, **more: Any) -> Any:
        """See IStarter."""
        child, finished = ProcessStarter.startAMPProcess(self, *args, **more)
        self._running.add(child)

        def ended(result: object) -> object:
            self._running.discard(child)
            # Of a failure Ampoule says that it is fatal, in two lines; whoever wanted a picture is told another way.
            return result.getErrorMessage() if isinstance(result, Failure) else result

        return child, finished.addBoth(ended)

    def kill_all(self) -> None:
        """End every process at once, whatever it does."""
        for child in list(self._running):
            try:
                child.transport.signalProcess("KILL")
            except ProcessExitedAlready:
                pass


def make_pool(starter: ChartProcessStarter, processes: int, seconds: float) -> Any:
    """A pool that starts a process when there is something to draw; one that takes longer than `seconds` is killed."""
    limits = {"min": 0, "max": processes, "maxIdle": IDLE_SECONDS, "recycleAfter": RECYCLE_AFTER, "timeout": seconds}
    return ProcessPool(ChartChild, starter=starter, name="charts", **limits)


def _environment() -> dict[str, str]:
    ours = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # It must find what we find; and one core is what it may take.
    return {**ours, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
