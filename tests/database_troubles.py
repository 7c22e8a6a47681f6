"""What the log says of databases that fail."""

from collections.abc import Iterable

from twisted.logger import LogEvent, LogLevel, formatEvent

__all__ = ["database_troubles"]


def database_troubles(events: Iterable[LogEvent]) -> list[str]:
    """The texts of the events that tell it, each of one line, without a traceback."""
    told = [each for each in events if each["log_level"] is LogLevel.critical and "log_failure" not in each]
    return [text for each in told if "the database fails" in (text := formatEvent(each))]
