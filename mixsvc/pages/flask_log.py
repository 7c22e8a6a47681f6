"""Where app.logger writes: twisted.logger, so that a Flask line lands in the log with all others."""

import logging
from typing import Final

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

__all__ = ["TwistedHandler", "use_twisted_log"]

# From this number on, this level; the first that fits.
LEVELS: Final = (
    (logging.CRITICAL, LogLevel.critical),
    (logging.ERROR, LogLevel.error),
    (logging.WARNING, LogLevel.warn),
    (logging.INFO, LogLevel.info),
    (logging.NOTSET, LogLevel.debug),
)


class TwistedHandler(logging.Handler):
    """Hands each record to twisted.logger as one event; called in whatever thread logs.

    Flask's own handler writes to wsgi.errors, which twisted.web takes for a log format: braces lose the line.
    """

    _log: Final = Logger("mixsvc.web")

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: what cannot be formatted goes to logging's own handleError."""
        try:
            message = record.getMessage()
        except Exception:
            self.handleError(record)
            return
        # Not named "message": old-style observers overwrite that field of every event.
        fields: dict[str, object] = {"line": message}
        if record.exc_info and record.exc_info[1]:
            fields["log_failure"] = Failure(record.exc_info[1])
        level = next(level for least, level in LEVELS if record.levelno >= least)
        self._log.emit(level, "flask: {line}", **fields)


def use_twisted_log(logger: logging.Logger) -> None:
    """Send a logger's records, info and above, to twisted.logger only; harmless a second time."""
    if any(isinstance(handler, TwistedHandler) for handler in logger.handlers):
        return
    logger.addHandler(TwistedHandler())
    # A host that sends twisted's log on to logging (crochet does) would write each line twice.
    logger.propagate = False
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
