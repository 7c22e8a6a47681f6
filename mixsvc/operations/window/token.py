"""The operators' token, in its file."""

import os
from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from mixsvc.config.secret_files import admin_token
from mixsvc.errors import BadSetting

__all__ = ["OperatorsToken"]

# How often to look whether the file has changed, in seconds.
LOOK_SECONDS: Final = 1.0

NO_FILE: Final = (
    "The service keeps nothing on disk, so there is no token to log in with: give a path in [server] admin_token_file."
)
# For whoever has not logged in: it does not say where the file is.
NOT_USABLE: Final = "The operators' token cannot be used; the log of the service says why."


class OperatorsToken:
    """The token as its file has it now. Reactor thread; a look at the file blocks it for a moment, once a second."""

    _log = Logger("mixsvc.operations.window")

    def __init__(self, path: str, seconds: Callable[[], float]) -> None:
        """path: "" for none. seconds: of a clock that nobody can set."""
        self._path = path
        self._seconds = seconds
        self._looked_at = -LOOK_SECONDS
        self._state: tuple[int, ...] = ()
        self._token = b""
        self._told = ""

    def read(self) -> bytes:
        """Returns the token; makes the file if there is none. Raises BadSetting if it cannot be used."""
        if not self._path:
            raise BadSetting(NO_FILE)
        now = self._seconds()
        if now - self._looked_at >= LOOK_SECONDS or not self._token:
            state = _state(self._path)
            if state != self._state or not self._token:
                self._token = b""
                self._token = self._found()
                state = _state(self._path)
            self._state, self._looked_at = state, now
        return self._token

    def _found(self) -> bytes:
        try:
            token, self._told = admin_token(self._path), ""
        except BadSetting as error:
            # Once: anybody may ask.
            if self._told != str(error):
                self._told = str(error)
                self._log.error("mixsvc: nobody can log in to the window: {error}", error=self._told)
            raise BadSetting(NOT_USABLE) from None
        return token


def _state(path: str) -> tuple[int, ...]:
    """What differs once a file has been written or replaced; () without one."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
