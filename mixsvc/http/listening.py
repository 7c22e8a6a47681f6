"""The listening ports: tried out while the user still reads our answers, opened when the service starts."""

import errno
import os
import re
import socket
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final, Self

from twisted.internet import tcp, unix
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.errors import BadSetting, CannotListen

__all__ = ["ADMIN_LISTEN", "SERVER_LISTEN", "check_endpoints", "close_port", "open_port", "rehearse"]

# The settings that endpoints come from; the first, unless another one is named.
SERVER_LISTEN: Final = "[server] listen"
ADMIN_LISTEN: Final = "[server] admin_listen"

# sun_path of unix(7), without the NUL at its end.
MOST_PATH_BYTES: Final = 107

# Connections that wait to be accepted; the system may allow fewer (net.core.somaxconn).
BACKLOG: Final = 4096

# Endpoints that take one. What comes from systemd has its own.
HAS_BACKLOG: Final = re.compile(r"(haproxy:)?(tcp6?|ssl|unix):")

# What to do, and where for [server] listen; elsewhere it is in the setting itself.
ADVICE: Final = {
    errno.EADDRINUSE: ("another program uses it; stop that one, or give another port", "with --port"),
    errno.EACCES: (
        "ports below 1024 need the rights of root; start as root with --uid, or give a higher one",
        "with --port",
    ),
    errno.EADDRNOTAVAIL: ("this machine does not have that address; give one that it has", "in [server] interface"),
}
OTHER_ADVICE: Final = ("give another one", "with --port or --listen")

# What Twisted says of a lock beside a socket.
LOCKED: Final = "Cannot acquire lock"

_log = Logger()


class Inherited(Exception):
    """The port is open already; it was handed down to this process."""


class Rehearsal:
    """A reactor that opens sockets for a try and closes them all at its end: a context manager.

    All stay open until then, so that two endpoints that want the same port are found out.
    """

    def __init__(self) -> None:
        self._probes = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._probes.close()

    def listenTCP(self, port: int, factory: object, backlog: int = 50, interface: str = "") -> None:
        """Raises CannotListenError where a reactor's listenTCP would."""
        family = socket.AF_INET6 if ":" in interface else socket.AF_INET
        probe = self._probes.enter_context(socket.socket(family, socket.SOCK_STREAM))
        # As the reactor does it: a port whose old connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((interface, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            raise CannotListenError(interface, port, error) from None

    def listenSSL(
        self, port: int, factory: object, contextFactory: object, backlog: int = 50, interface: str = ""
    ) -> None:
        """The same for a port with TLS."""
        self.listenTCP(port, factory, backlog, interface)

    def listenUNIX(
        self, address: str, factory: object, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> None:
        """Raises CannotListenError for a path that cannot become a socket, or that is somebody's."""
        try:
            _try_path(address)
        except OSError as error:
            raise CannotListenError(None, address, error) from None
        if wantPID and _is_locked(address):
            raise CannotListenError(None, address, LOCKED)

    def adoptStreamPort(self, descriptor: int, family: int, factory: object) -> None:
        """Raises Inherited: a socket that systemd has opened would be closed with the try."""
        raise Inherited(descriptor)

    def __getattr__(self, name: str) -> Callable[..., None]:
        """What else an endpoint may ask of a reactor cannot be tried out without leaving traces."""
        return lambda *args, **kwargs: None


def _try_path(path: str) -> None:
    if len(os.fsencode(path)) > MOST_PATH_BYTES:
        raise OSError(errno.ENAMETOOLONG, "The path of the socket is too long")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise OSError(errno.ENOENT, "Its directory does not exist")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise OSError(errno.EACCES, "Its directory cannot be written to")
    if os.path.lexists(path):
        with socket.socket(socket.AF_UNIX) as probe:
            # A file that is no socket refuses as well, and would be in the way; the one of a dead process is not.
            if not stat.S_ISSOCK(os.lstat(path).st_mode) or probe.connect_ex(path) != errno.ECONNREFUSED:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _is_locked(path: str) -> bool:
    """Whether the lock beside a socket names a process that lives, though it may be any by now."""
    try:
        os.kill(int(os.readlink(f"{path}.lock")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def rehearse(endpoints: Sequence[str], for_operators: Sequence[str] = ()) -> None:
    """Find out whether the ports can be opened, and leave them closed.

    Called before the process becomes a daemon, when nobody would read the answer any more. Raises BadSetting for what
    is no endpoint and CannotListen for a port that is not to be had.
    """
    with Rehearsal() as rehearsal:
        for setting, descriptions in ((SERVER_LISTEN, endpoints), (ADMIN_LISTEN, for_operators)):
            for description in descriptions:
                _rehearse(_endpoint(rehearsal, description, setting), description, setting)


def _rehearse(endpoint: IStreamServerEndpoint, description: str, setting: str) -> None:
    failures: list[BaseException] = []
    maybeDeferred(endpoint.listen, Factory()).addErrback(_keep, failures)
    if failures and isinstance(failures[0], CannotListenError | OSError):
        raise _cannot_listen(description, failures[0], setting)


def check_endpoints(endpoints: Sequence[str], setting: str) -> None:
    """Find out whether these are endpoints at all, without touching a port. Raises BadSetting with that setting."""
    with Rehearsal() as rehearsal:
        for description in endpoints:
            _endpoint(rehearsal, description, setting)


async def open_port(
    reactor: object, description: str, factory: IProtocolFactory, setting: str = SERVER_LISTEN
) -> IListeningPort:
    """Open one port. Raises BadSetting and CannotListen like rehearse."""
    try:
        return await _endpoint(reactor, description, setting).listen(factory)
    except (CannotListenError, OSError) as error:
        raise _cannot_listen(description, error, setting) from None


async def close_port(port: IListeningPort) -> None:
    """Listen no more. A socket that we may not remove stays, and the log says so."""
    try:
        await maybeDeferred(port.stopListening)
    except PermissionError as error:
        if not isinstance(port, unix.Port):
            raise
        path = os.fsdecode(port.getHost().name)
        # Twisted has stopped at the file, with the socket still open.
        tcp.Port.connectionLost(port, Failure(error))
        _log.warn(
            "mixsvc: we may not remove {files} ({reason}); "
            "remove what is left, or give the socket a folder that belongs to the user of --uid",
            files=f"{path} and {path}.lock" if port.lockFile is not None else path,
            reason=error.strerror,
        )


def _keep(failure: Failure, failures: list[BaseException]) -> None:
    assert failure.value is not None
    failures.append(failure.value)


def _endpoint(reactor: object, description: str, setting: str) -> IStreamServerEndpoint:
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, _with_backlog(description))
    except Exception as error:
        # Each kind of endpoint has errors of its own: a port that is no number, a certificate that is not there.
        reason = str(error) or type(error).__name__
        if isinstance(error, LookupError) and "systemd:" in description:
            reason = "systemd has handed down no such socket"
        raise BadSetting(
            f"{setting}: {description!r} is no endpoint ({reason}); "
            "give one such as tcp:8080:interface=127.0.0.1 or unix:/run/mixsvc.sock"
        ) from None
    if not IStreamServerEndpoint.providedBy(endpoint) or description.startswith("stdio"):
        raise BadSetting(f"{setting}: {description!r} is nothing that clients could connect to; give a port")
    return endpoint


def _with_backlog(description: str) -> str:
    """With room for whoever connects at once: Twisted's own 50 are soon taken, and the others wait for seconds."""
    if HAS_BACKLOG.match(description) and ":backlog=" not in description:
        return f"{description}:backlog={BACKLOG}"
    return description


def _cannot_listen(description: str, error: BaseException, setting: str) -> CannotListen:
    cause = error.socketError if isinstance(error, CannotListenError) else error
    if isinstance(error, CannotListenError) and cause == LOCKED:
        return CannotListen(
            f"cannot listen on {description} (a process that runs has the number in {os.fsdecode(error.port)}.lock): "
            "stop it if it is mixsvc, else remove that file"
        )
    reason = getattr(cause, "strerror", None) or str(cause)
    advice, where = ADVICE.get(getattr(cause, "errno", 0), OTHER_ADVICE)
    if setting != SERVER_LISTEN:
        where = f"in {setting}"
    return CannotListen(f"cannot listen on {_place(description, error)} ({reason}): {advice} {where}")


def _place(description: str, error: BaseException) -> str:
    if isinstance(error, CannotListenError) and isinstance(error.port, int):
        host = f"[{error.interface}]" if ":" in error.interface else error.interface or "*"
        return f"{host}:{error.port}"
    return description
