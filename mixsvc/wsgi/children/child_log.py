"""The log of a child: each event becomes a LOG frame, so that there is one log."""

import json
import os
from collections.abc import Callable
from typing import Final

from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, formatEvent
from zope.interface import implementer

from mixsvc.threads.children import this_process
from mixsvc.wsgi.children.frames import FrameType, encode_frame

__all__ = ["ChildLog", "log_again"]

# Characters of one event; the rest is cut off.
MAX_TEXT: Final = 65536

STDERR: Final = 2


@implementer(ILogObserver)
class ChildLog:
    """Sends the events of twisted.logger to the service. In the child; any thread."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def __call__(self, event: LogEvent) -> None:
        """Send an event. A process that a view has forked writes it to stderr: the socket is its parent's."""
        text = formatEvent(event)
        if (failure := event.get("log_failure")) is not None:
            text = f"{text}\n{failure.getTraceback()}"
        text = text[:MAX_TEXT]
        if this_process.is_one:
            os.write(STDERR, f"{text}\n".encode(errors="backslashreplace"))
            return
        level = event.get("log_level", LogLevel.info).name
        fields = {"level": level, "namespace": event.get("log_namespace", "-"), "text": text}
        self._send(encode_frame(FrameType.LOG, 0, json.dumps(fields).encode()))


def log_again(payload: bytes) -> None:
    """Log what a LOG frame holds, in the service. Reactor thread."""
    event = json.loads(payload)
    Logger(event["namespace"]).emit(LogLevel.levelWithName(event["level"]), "{text}", text=event["text"])
