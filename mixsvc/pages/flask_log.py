"""Sends the records of app.logger to twisted.logger, so that there is one log."""

import logging
from typing import Final

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

__all__ = ["TwistedHandler", "use_twisted_log"]

# Numbers of logging and the levels of twisted.logger; the first one that is not above a record's level counts.
LEVELS: Final = (
    (logging.CRITICAL, LogLevel.critical),
    (logging.ERROR, LogLevel.error),
    (logging.WARNING, LogLevel.warn),
    (logging.INFO, LogLevel.info),
    (logging.NOTSET, LogLevel.debug),
)


class TwistedHandler(logging.Handler):
    """Makes each record one event of twisted.logger. Called in any thread.

    Flask's own handler writes to wsgi.errors, whose text twisted.web uses as a log format: a line with braces is lost.
    """

    _log: Final = Logger("mixsvc.web")

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record; never raises: logging's handleError gets a record that cannot be formatted."""
        try:
            message = record.getMessage()
        except Exception:
            self.handleError(record)
            return
        # The field is not named "message", as old-style observers overwrite that in every event.
        fields: dict[str, object] = {"line": message}
        if record.exc_info and record.exc_info[1]:
            fields["log_failure"] = Failure(record.exc_info[1])
        level = next(level for least, level in LEVELS if record.levelno >= least)
        self._log.emit(level, "flask: {line}", **fields)


def use_twisted_log(logger: logging.Logger) -> None:
    """Send a logger's records, from info on, to twisted.logger only. A second call does nothing."""
    if any(isinstance(handler, TwistedHandler) for handler in logger.handlers):
        return
    logger.addHandler(TwistedHandler())
    # A host that forwards twisted's log to logging, as crochet does, would write each line twice.
    logger.propagate = False
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
