"""The Unix socket of a service in the file system: made for its user only, found dead or alive, and removed."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from mixsvc.errors import BadSetting, CannotListen
from mixsvc.http.ports.unix_paths import is_socket

__all__ = ["LONGEST_PATH", "SocketFile", "check_control", "check_length"]

# Bytes of the path of a Unix socket (unix(7): sun_path has 108, with the NUL at the end).
LONGEST_PATH: Final = 107

BACKLOG: Final = 16

# What no file is (stat(2): device and inode).
NOTHING: Final = (0, 0)

# How long a service may take to accept a connection; one that is dead refuses it at once.
PROBE_SECONDS: Final = 2.0


def check_control(path: str) -> None:
    """Check, without making it, that a service can have this socket. Raises BadSetting. path: "" for none.

    It checks with the rights of the effective user, which are those that a daemon will have.
    """
    if not path:
        return
    check_length(path)
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise _unusable(path, "its directory does not exist")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise _unusable(path, "its directory cannot be written to")
    if os.path.lexists(path) and not is_socket(path):
        raise _unusable(path, "there is something else of this name")


def check_length(path: str) -> None:
    """Raises BadSetting for a path that no Unix socket can have."""
    length = len(os.fsencode(path))
    if length > LONGEST_PATH:
        raise _unusable(path, f"it has {length} bytes, and a socket's path at most {LONGEST_PATH}")


class SocketFile:
    """A listening socket with a name. socket: it does not block, and no program that is started inherits it."""

    def __init__(self, path: str) -> None:
        """Listen at this path, for this user and root only. Blocks a moment.

        What a service has left behind that is dead is replaced. Raises BadSetting, and CannotListen if a service that
        lives has this socket.
        """
        check_control(path)
        self.path = path
        if os.path.lexists(path):
            _remove_dead(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            with _private():
                self.socket.bind(path)
            self.socket.listen(BACKLOG)
            self._identity = _identity(path)
        except OSError as error:
            self.socket.close()
            if error.errno == errno.EADDRINUSE:
                raise _taken(path) from None
            raise _unusable(path, str(error.strerror)) from None

    @classmethod
    def adopted(cls, path: str, descriptor: int) -> "SocketFile":
        """The one that another process has made at this path, and handed down as a descriptor, which is closed.

        Where its name is gone, a new one is made; raises as that does, and where something else has the name.
        """
        if not is_socket(path):
            os.close(descriptor)
            return cls(path)
        found = cls.__new__(cls)
        found.path = path
        found.socket = socket.socket(fileno=descriptor)
        found._identity = _identity(path)
        return found

    def leave(self) -> None:
        """Listen no more here, as another process does, which has the name from now on."""
        self.socket.close()
        self._identity = NOTHING

    def close(self) -> None:
        """Listen no more, and remove the name if it is still this socket's. A second call does nothing."""
        self.socket.close()
        with suppress(OSError):
            if _identity(self.path) == self._identity:
                os.unlink(self.path)


@contextmanager
def _private() -> Iterator[None]:
    """Files that are made now can be used by this user only. A mode that is set afterwards would come too late."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


def _remove_dead(path: str) -> None:
    """Remove the socket of a service that is dead. Raises CannotListen if it lives."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with suppress(FileNotFoundError):
                os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError:
            # It does not answer in time, or is somebody else's.
            raise _taken(path) from None
        else:
            raise _taken(path)


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def _taken(path: str) -> CannotListen:
    return CannotListen(f"another service has the socket {path}; give this one another path in [server] control")


def _unusable(path: str, why: str) -> BadSetting:
    return BadSetting(f"[server] control = {path} cannot be used ({why}); give another path, or none")
