"""A file beside the database that says since when the time of day is right, for the next process of this computer.

A host may give its processes less than the hour after which the time of day is trusted (mixsvc.common.clocks).
"""

import json
import os
from contextlib import suppress
from functools import partial
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from mixsvc.common.clocks import Agreement, WallClock
from mixsvc.common.files import open_private
from mixsvc.interfaces import DeferToThread

__all__ = ["BOOT_ID", "LOOK_SECONDS", "ClockKeeper", "ClockRecord"]

# Names the run of the system, in which all processes have the same monotonic clock (random(4)).
BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"

# How often the clocks are compared.
LOOK_SECONDS: Final = 60.0


class ClockRecord:
    """The file. Its methods block. Where it cannot be read or written, each process begins anew."""

    def __init__(self, database: str, boot_id: str = BOOT_ID) -> None:
        """database: the path of the database. boot_id: the file that names the run of the system."""
        self._path = f"{database}-clock"
        self._boot_id = boot_id

    def read(self) -> Agreement | None:
        """What an earlier process has written since the system's start; None if there is nothing."""
        with suppress(OSError, ValueError, TypeError, LookupError):
            with open(self._path, encoding="utf-8") as file:
                fields = json.load(file)
            if fields["boot"] == self._boot() is not None:
                return Agreement(float(fields["ahead"]), float(fields["since"]))
        return None

    def write(self, agreement: Agreement) -> None:
        """Replace what stands in the file."""
        draft = f"{self._path}.{os.getpid()}"
        fields = {"boot": self._boot(), "ahead": agreement.ahead, "since": agreement.since}
        with suppress(OSError):
            try:
                with open(draft, "w", encoding="utf-8", opener=open_private) as file:
                    json.dump(fields, file)
                os.replace(draft, self._path)
            except OSError:
                # The next process has another number, and would not write over it.
                os.unlink(draft)

    def _boot(self) -> str | None:
        try:
            with open(self._boot_id, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return None


class ClockKeeper:
    """Writes the record anew each time the clocks have ceased to agree. Used in the reactor thread, except `resume`."""

    def __init__(
        self, clock: IReactorTime, wall: WallClock, record: ClockRecord, defer_to_thread: DeferToThread
    ) -> None:
        self._wall = wall
        self._record = record
        self._defer_to_thread = defer_to_thread
        self._written: Agreement | None = None
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def resume(self) -> None:
        """Go on with what an earlier process has written. Blocks; called before `start`."""
        self._written = self._record.read()
        if self._written is not None:
            self._wall.resume(self._written)

    def start(self) -> None:
        """Compare the clocks now, then every minute."""
        self._loop.start(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop comparing. A second call does nothing."""
        if self._loop.running:
            self._loop.stop()

    def _look(self) -> "Deferred[None] | None":
        self._wall.trusted_seconds()
        agreement = self._wall.agreement
        if agreement == self._written:
            return None
        self._written = agreement
        return self._defer_to_thread(partial(self._record.write, agreement))
