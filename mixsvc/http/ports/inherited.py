"""Sockets that systemd, or another program, hands down when it starts the process (sd_listen_fds(3)).

An endpoint such as systemd:domain=INET:name=web says what the socket should be, and Twisted believes it. But a socket
unit with `ListenStream=8080` makes one for IPv6 and IPv4, so here the descriptor itself is asked.
"""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from twisted.internet import tcp, unix
from twisted.python.failure import Failure

__all__ = [
    "AdoptingReactor",
    "InheritedUnixPort",
    "UnusableDescriptor",
    "family_of",
    "passed_sockets",
    "start_environment",
    "why_not_passed",
]

FAMILIES: Final = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)

# What the process was started with (proc_pid_environ(5)); Twisted removes from os.environ what it has used.
ENVIRONMENT: Final = "/proc/self/environ"


class UnusableDescriptor(Exception):
    """A descriptor that cannot be served; the text says what it is and what to do, to follow a colon."""


def family_of(descriptor: int) -> socket.AddressFamily:
    """The address family of a listening socket. Raises UnusableDescriptor for everything else."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as inherited:
            return _checked(inherited, descriptor)
    except OSError as error:
        raise UnusableDescriptor(
            f"descriptor {descriptor} is no socket ({error.strerror}); start the service by its socket unit"
        ) from None


def _checked(inherited: socket.socket, descriptor: int) -> socket.AddressFamily:
    if inherited.type != socket.SOCK_STREAM:
        raise UnusableDescriptor(
            f"descriptor {descriptor} is not a stream socket; use ListenStream=, not ListenDatagram= or another"
        )
    if inherited.family not in FAMILIES:
        raise UnusableDescriptor(
            f"descriptor {descriptor} is a socket of neither TCP nor Unix; use ListenStream= with a port or a path"
        )
    if not inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        with suppress(OSError):
            inherited.getpeername()
            raise UnusableDescriptor(
                f"descriptor {descriptor} is a connection and not a port; use Accept=no in the socket unit"
            )
        raise UnusableDescriptor(f"the socket of descriptor {descriptor} does not listen; let its opener call listen()")
    return socket.AddressFamily(inherited.family)


class AdoptingReactor:
    """A reactor that serves an inherited socket as what it is. Everything else is that of the reactor."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        # One that hands sockets on wants to know of each port.
        self._tell: Callable[[int, Any], object] = getattr(reactor, "unix_port_adopted", lambda descriptor, port: None)

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> Any:
        """See IReactorSocket. family: is ignored, as the descriptor knows its own. Raises UnusableDescriptor."""
        found = family_of(descriptor)
        if found != socket.AF_UNIX:
            return self._reactor.adoptStreamPort(descriptor, found, factory)
        port = InheritedUnixPort(socket.socket(fileno=os.dup(descriptor)), factory, self._reactor)
        port.startListening()
        self._tell(descriptor, port)
        return port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class InheritedUnixPort(unix.Port):
    """A port on a Unix socket whose file, permissions and queue belong to the program that has opened it.

    Twisted's own would change the permissions for everybody, and remove the file and shut the socket down at the end:
    the next start, which gets the same socket, could not use it.
    """

    def __init__(self, inherited: socket.socket, factory: Any, reactor: Any) -> None:
        inherited.setblocking(False)
        self._inherited = inherited
        unix.Port.__init__(self, inherited.getsockname() or b"\0", factory, reactor=reactor)

    def startListening(self) -> None:
        """See IListeningPort."""
        factory: Any = self.factory
        factory.doStart()
        self.connected = True
        self.socket = self._inherited
        # The base class deletes it at the end.
        vars(self)["fileno"] = self.socket.fileno
        self.numberAccepts = 100
        self.startReading()

    def connectionLost(self, reason: Failure) -> None:
        """The port is closed here; the socket goes on for others."""
        self.socket.close()
        # The base class shuts down what it finds here.
        self.socket = socket.socket(socket.AF_UNIX)
        tcp.Port.connectionLost(self, reason)


def passed_sockets(environ: Mapping[str, str]) -> tuple[int, list[str]]:
    """How many sockets were passed to this process, and their names. environ: that of `start_environment`."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return 0, []
    count, names = environ.get("LISTEN_FDS", ""), environ.get("LISTEN_FDNAMES", "")
    return int(count) if count.isdecimal() else 0, names.split(":") if names else []


def why_not_passed(environ: Mapping[str, str]) -> str:
    """Why the socket that an endpoint names is not there."""
    process, (count, names) = environ.get("LISTEN_PID"), passed_sockets(environ)
    if process is not None and process != str(os.getpid()):
        return (
            f"LISTEN_PID={process} means another process than this one, {os.getpid()}; "
            "a shell or another program that is between them must start this one with exec"
        )
    if count and not names:
        return (
            "systemd has passed sockets without names, and each needs one: FileDescriptorName= in the socket unit, "
            "--fdname with systemd-socket-activate"
        )
    if count != len(names):
        return f"LISTEN_FDS={count} does not fit LISTEN_FDNAMES={':'.join(names)}; each socket needs one name"
    return f"systemd has passed no such socket{', only ' + ', '.join(names) if names else ''}"


def start_environment() -> Mapping[str, str]:
    """The environment that the process was started with, as far as the system shows it."""
    with suppress(OSError), open(ENVIRONMENT, "rb") as file:
        pairs = [os.fsdecode(entry).partition("=") for entry in file.read().split(b"\0")]
        return {name: value for name, _, value in pairs}
    return os.environ
