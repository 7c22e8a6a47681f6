"""Both ends of Ampoule: the drawing process, and how its parent starts and stops it.

Importing Ampoule installs a reactor, so this module is imported inside functions, once a reactor is installed.

Ampoule (read in 24.10.0) has no setting for the log level of a process and forgets a process that it has asked to end.
So this module, and no other, relies on more than its documented API: on the text of `ampoule.main.BOOTSTRAP`, on the
`connectorFactory` of ProcessStarter with `errReceived`, on what startAMPProcess returns, and on the flag
`AMPChild.shutdown`. tests/charts/test_worker.py pins these.
"""

import os
import signal
import sys
from typing import Any, Final

from ampoule.child import AMPChild  # type: ignore[import-untyped]  # has no types
from ampoule.main import BOOTSTRAP, AMPConnector, ProcessStarter  # type: ignore[import-untyped]  # has no types
from ampoule.pool import ProcessPool  # type: ignore[import-untyped]  # has no types
from twisted.internet.error import ProcessExitedAlready
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure

__all__ = ["ChartChild", "ChartProcessStarter", "Draw", "make_pool"]

# An idle process ends after this time, as it takes 30 MB.
IDLE_SECONDS: Final = 60

# A process is replaced after this many pictures.
RECYCLE_AFTER: Final = 1000

# A process whose parent was killed ends itself if one picture takes this long.
ALARM_SECONDS: Final = 120

# Characters of a line of output in the log.
MAX_LINE: Final = 300

# The environment variables that a process inherits. No secrets.
INHERITED: Final = ("HOME", "TMPDIR", "SYSTEMROOT")


class Draw(amp.Command):
    """The AMP command to draw. AMP limits each value to 65 535 bytes, of which an SVG of ours takes a sixth."""

    arguments = [(b"svg", amp.Unicode())]
    response = [(b"picture", amp.String())]


class ChartChild(AMPChild):  # type: ignore[misc]  # has no types
    """In the drawing process: draws one picture after the other, until its parent ends it or is gone."""

    def draw(self, svg: str) -> dict[str, bytes]:
        """Responds to Draw."""
        from mixsvc.charts.png import png_of

        if os.name == "posix":
            signal.alarm(ALARM_SECONDS)
        try:
            return {"picture": png_of(svg)}
        finally:
            if os.name == "posix":
                signal.alarm(0)

    Draw.responder(draw)

    def connectionLost(self, reason: Failure) -> None:
        """See IProtocol. The parent is gone: exit in order, so that temporary files are removed."""
        self.shutdown = True
        AMPChild.connectionLost(self, reason)


class ChartProcessConnector(AMPConnector):  # type: ignore[misc]  # has no types
    """In the parent: the connection to one process. Logs its output."""

    _log = Logger()

    def errReceived(self, text: bytes) -> None:
        """Logs output of the process: a warning, a traceback."""
        for line in text.decode("utf-8", "replace").splitlines():
            if line.strip():
                self._log.warn("charts: process {name} wrote {line}", name=self.name, line=line[:MAX_LINE])


class ChartProcessStarter(ProcessStarter):  # type: ignore[misc]  # has no types
    """Starts processes, and keeps those that have not ended."""

    connectorFactory = ChartProcessConnector

    def __init__(self) -> None:
        # At level info a process logs each connection.
        quiet = BOOTSTRAP.replace("LogLevel.info", "LogLevel.warn")
        ProcessStarter.__init__(self, bootstrap=quiet, env=_environment())
        self._running: set[Any] = set()

    def startAMPProcess(self, *args: Any, **more: Any) -> Any:
        """See IStarter."""
        child, finished = ProcessStarter.startAMPProcess(self, *args, **more)
        self._running.add(child)

        def ended(result: object) -> object:
            self._running.discard(child)
            # Ampoule logs a failure as fatal, in two lines; draw() fails as well, and that is enough.
            return result.getErrorMessage() if isinstance(result, Failure) else result

        return child, finished.addBoth(ended)

    def kill_all(self) -> None:
        """Kills every process, whatever it is doing."""
        for child in list(self._running):
            try:
                child.transport.signalProcess("KILL")
            except ProcessExitedAlready:
                pass


def make_pool(starter: ChartProcessStarter, processes: int, seconds: float) -> Any:
    """Returns a pool that starts processes on demand and kills one that takes longer than `seconds` for a picture."""
    limits = {"min": 0, "max": processes, "maxIdle": IDLE_SECONDS, "recycleAfter": RECYCLE_AFTER, "timeout": seconds}
    return ProcessPool(ChartChild, starter=starter, name="charts", **limits)


def _environment() -> dict[str, str]:
    ours = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # It imports from where we import.
    return {**ours, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
