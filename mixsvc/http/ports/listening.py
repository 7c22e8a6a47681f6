"""The listening ports: tried while the user still sees our messages, opened when the service starts."""

import errno
import os
import re
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
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
from mixsvc.http.ports.certificates import CertificateReactor
from mixsvc.http.ports.handed import excludes, tcp_name, unix_name
from mixsvc.http.ports.inherited import (
    AdoptingReactor,
    UnusableDescriptor,
    family_of,
    passed_sockets,
    start_environment,
    why_not_passed,
)
from mixsvc.http.ports.unix_paths import is_socket

__all__ = ["ADMIN_LISTEN", "SERVER_LISTEN", "check_endpoints", "close_port", "open_port", "check_ports"]

# The settings that name endpoints.
SERVER_LISTEN: Final = "[server] listen"
ADMIN_LISTEN: Final = "[server] admin_listen"

# The ports in examples for other settings than [server] listen: each service listens on its own.
EXAMPLE_PORTS: Final = {ADMIN_LISTEN: 9090, "[chat] listen": 8081, "[irc] listen": 6667}

# sun_path of unix(7), without the NUL at its end.
MOST_PATH_BYTES: Final = 107

MOST_PORT: Final = 65535

# An interface that is meant as an address and not as a name; an address of IPv6 whose colons are not escaped.
ADDRESS: Final = re.compile(r"[0-9.]+|.*:.*")
BARE_COLONS: Final = re.compile(r"interface=((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?=:|$)")

# Connections that wait to be accepted; the system may allow fewer (net.core.somaxconn).
BACKLOG: Final = 4096

# Kinds of endpoints that take a backlog; a socket from systemd has one already.
HAS_BACKLOG: Final = re.compile(r"(haproxy:)?(tcp6?|ssl|unix):")

# Kinds of endpoints with a certificate.
HAS_TLS: Final = re.compile(r"(haproxy:)?ssl:")

# What the user can do, and where if the setting is [server] listen.
ADVICE: Final = {
    errno.EADDRINUSE: ("another program uses it; stop that one, or give another port", "with --port"),
    errno.EACCES: (
        "ports below 1024 need the rights of root; start as root with --uid, or give a higher one",
        "with --port",
    ),
    errno.EBADF: (
        "its socket was not passed; start the service by its socket unit, or give another one",
        "with --listen",
    ),
    errno.EADDRNOTAVAIL: ("this machine does not have that address; give one that it has", "in [server] interface"),
}
OTHER_ADVICE: Final = ("give another one", "with --port or --listen")

# The same where it is this service that uses the port.
TWICE: Final = "another endpoint of this service has this port; give each a port of its own, or one of the two alone"
ELSEWHERE: Final = "this service has the port with another interface, which a restart cannot change; stop and start it"

# In the text of an endpoint with a socket that systemd, or a program that does the same, has opened.
SYSTEMD: Final = "systemd"

# What Twisted raises for a socket whose lock file is held.
LOCKED: Final = "Cannot acquire lock"

_log = Logger()


class InheritedSocket(Exception):
    """The socket is open already: this process has inherited it."""


class OwnPort(CannotListenError):
    """This service has the port itself. advice: what to do."""

    def __init__(self, interface: str, port: int, cause: Exception, advice: str) -> None:
        CannotListenError.__init__(self, interface, port, cause)
        self.advice = advice


class TrialReactor:
    """A context manager that listens like a reactor, and closes all its sockets at the end.

    They stay open until then, so that two endpoints that want the same port conflict.
    """

    def __init__(self, handed: Collection[str] = ()) -> None:
        """handed: the names of sockets that were handed down, and are open already."""
        self._probes = ExitStack()
        self._handed = handed
        self._tried: list[str] = []
        self.inherited: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._probes.close()

    def listenTCP(self, port: int, factory: object, backlog: int = 50, interface: str = "") -> None:
        """Raises CannotListenError where a reactor's listenTCP would."""
        tried = tuple(self._tried)
        self._tried.append(tcp_name(interface, port))
        if tcp_name(interface, port) in self._handed:
            return
        family = socket.AF_INET6 if ":" in interface else socket.AF_INET
        probe = self._probes.enter_context(socket.socket(family, socket.SOCK_STREAM))
        # As the reactor does it: a port is free though old connections on it are in TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((interface, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", 0) == errno.EADDRINUSE:
                self._find_own(tried, interface, port, error)
            raise CannotListenError(interface, port, error) from None

    def _find_own(self, tried: Collection[str], interface: str, port: int, error: Exception) -> None:
        """Raises OwnPort if an endpoint before this one, or the process before this one, has the port."""
        for names, advice in ((tried, TWICE), (self._handed, ELSEWHERE)):
            if any(excludes(name, interface, port) for name in names):
                raise OwnPort(interface, port, error, advice) from None

    def listenSSL(
        self, port: int, factory: object, contextFactory: object, backlog: int = 50, interface: str = ""
    ) -> None:
        """The same for a port with TLS."""
        self.listenTCP(port, factory, backlog, interface)

    def listenUNIX(
        self, address: str, factory: object, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> None:
        """Raises CannotListenError for a path where no socket can be made, or where something else is."""
        try:
            if unix_name(address) in self._handed:
                _check_file(address)
                return
            _try_path(address)
        except OSError as error:
            raise CannotListenError(None, address, error) from None
        if wantPID and _is_locked(address):
            raise CannotListenError(None, address, LOCKED)

    def adoptStreamPort(self, descriptor: int, family: int, factory: object) -> None:
        """Raises UnusableDescriptor, else InheritedSocket: closing it, as a trial does, would close it for good."""
        family_of(descriptor)
        if descriptor in self.inherited:
            raise UnusableDescriptor(f"another endpoint names the socket of descriptor {descriptor}; name each once")
        self.inherited.add(descriptor)
        raise InheritedSocket(descriptor)

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Do nothing for any other method: what it does cannot be tried without side effects."""
        return lambda *args, **kwargs: None


class RuleReactor(TrialReactor):
    """Opens nothing, and raises what no moment would change: for ports, addresses and paths that cannot be."""

    def listenTCP(self, port: int, factory: object, backlog: int = 50, interface: str = "") -> None:
        """Raises CannotListenError."""
        fault = ""
        if not 0 <= port <= MOST_PORT:
            fault = f"A port is a number from 0 to {MOST_PORT}"
        elif ADDRESS.fullmatch(interface) and not _is_address(interface):
            fault = "Its interface is no address"
        if fault:
            raise CannotListenError(interface, port, OSError(errno.EINVAL, fault))

    def listenUNIX(
        self, address: str, factory: object, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> None:
        """The same for a path."""
        try:
            _check_place(address)
        except OSError as error:
            raise CannotListenError(None, address, error) from None

    def adoptStreamPort(self, descriptor: int, family: int, factory: object) -> None:
        """Who starts the service passes its sockets."""


def _is_address(text: str) -> bool:
    try:
        socket.getaddrinfo(text, 0, flags=socket.AI_NUMERICHOST)
    except OSError:
        return False
    return True


def _check_place(path: str) -> str:
    """Returns the folder of a socket. Raises OSError if there can be none."""
    if len(os.fsencode(path)) > MOST_PATH_BYTES:
        raise OSError(errno.ENAMETOOLONG, "The path of the socket is too long")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise OSError(errno.ENOENT, "Its directory does not exist")
    return folder


def _check_file(path: str) -> None:
    """Raises OSError for a plain file, to which connecting is refused as to the socket of a dead process."""
    if os.path.lexists(path) and not is_socket(path):
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _try_path(path: str) -> None:
    folder = _check_place(path)
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        raise OSError(errno.EACCES, "Its directory cannot be written to")
    _check_file(path)
    if os.path.lexists(path):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(path) != errno.ECONNREFUSED:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _is_locked(path: str) -> bool:
    """Whether the lock file beside a socket names a running process, even if that is another one by now."""
    try:
        os.kill(int(os.readlink(f"{path}.lock")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def check_ports(
    endpoints: Sequence[str],
    admin_endpoints: Sequence[str] = (),
    others: Mapping[str, Sequence[str]] | None = None,
    handed: Collection[str] = (),
) -> None:
    """Check that the ports can be opened, and leave them closed. others: more endpoints, by their setting.

    handed: the names of sockets that were handed down. Called before the process becomes a daemon, because a daemon
    cannot show errors. Raises BadSetting for an invalid endpoint, and CannotListen for a port that cannot be opened.
    """
    with TrialReactor(handed) as trial:
        given = {SERVER_LISTEN: endpoints, ADMIN_LISTEN: admin_endpoints, **(others or {})}
        for setting, descriptions in given.items():
            for description in descriptions:
                _check_port(_endpoint(trial, description, setting), description, setting)
    passed, _ = passed_sockets(start_environment())
    if passed > len(trial.inherited):
        _log.warn(
            "mixsvc: no setting names {count} of the sockets from systemd; clients that connect there wait for ever",
            count=passed - len(trial.inherited),
        )


def _check_port(endpoint: IStreamServerEndpoint, description: str, setting: str) -> None:
    failures: list[BaseException] = []
    maybeDeferred(endpoint.listen, Factory()).addErrback(_keep, failures)
    if failures and isinstance(failures[0], CannotListenError | OSError | UnusableDescriptor):
        raise _cannot_listen(description, failures[0], setting)


def check_endpoints(endpoints: Sequence[str], setting: str) -> None:
    """Check endpoints without opening a port: their text, and that there can be such ports and paths.

    setting: named by BadSetting, which is raised, or CannotListen.
    """
    with RuleReactor() as rules:
        for description in endpoints:
            endpoint = _endpoint(rules, description, setting)
            if SYSTEMD not in description:
                _check_port(endpoint, description, setting)


async def open_port(
    reactor: object, description: str, factory: IProtocolFactory, setting: str = SERVER_LISTEN
) -> IListeningPort:
    """Open one port. Raises BadSetting and CannotListen like check_ports."""
    if SYSTEMD in description:
        reactor = AdoptingReactor(reactor)
    elif HAS_TLS.match(description):
        reactor = CertificateReactor(reactor, description)
    try:
        return await _endpoint(reactor, description, setting).listen(factory)
    except (CannotListenError, OSError, UnusableDescriptor) as error:
        raise _cannot_listen(description, error, setting) from None


async def close_port(port: IListeningPort) -> None:
    """Close one port. If the file of a Unix socket cannot be removed, logs a warning."""
    try:
        await maybeDeferred(port.stopListening)
    except (PermissionError, FileNotFoundError) as error:
        if not isinstance(port, unix.Port):
            raise
        path = os.fsdecode(port.getHost().name)
        # Twisted fails at the file before it closes the socket.
        tcp.Port.connectionLost(port, Failure(error))
        if isinstance(error, FileNotFoundError):
            # Somebody has removed it already, perhaps with its folder.
            if port.lockFile is not None:
                with suppress(OSError):
                    port.lockFile.unlock()
            return
        _log.warn(
            "mixsvc: cannot remove {files} ({reason}); "
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
        raise _no_endpoint(description, error, setting) from None
    _check_name(description, setting)
    if not IStreamServerEndpoint.providedBy(endpoint) or description.startswith("stdio"):
        raise BadSetting(
            f"{setting}: {description!r} does not listen for clients; give one such as "
            f"tcp:{EXAMPLE_PORTS.get(setting, 8080)}"
        )
    return endpoint


def _no_endpoint(description: str, error: Exception, setting: str) -> BadSetting:
    if HAS_TLS.match(description):
        # Here, as a start without a mistake does not need it.
        from mixsvc.http.ports.tls_files import EXAMPLE, tls_fault

        if fault := tls_fault(description, error):
            return BadSetting(f"{setting}: {description!r}: {fault}; give one such as {EXAMPLE}")
    # Each kind of endpoint raises its own errors, such as for a port that is not a number.
    reason = str(error) or type(error).__name__
    if isinstance(error, LookupError) and SYSTEMD in description:
        reason = why_not_passed(start_environment())
    elif isinstance(error, AttributeError) and SYSTEMD in description:
        reason = "domain= is INET, INET6 or UNIX"
    elif bare := BARE_COLONS.search(description):
        reason = f"write {bare[1]} as {bare[1].replace(':', chr(92) + ':')}"
    port = EXAMPLE_PORTS.get(setting, 8080)
    return BadSetting(
        f"{setting}: {description!r} is not an endpoint ({reason}); "
        f"give one such as tcp:{port}:interface=127.0.0.1 or unix:/run/mixsvc.sock"
    )


def _check_name(description: str, setting: str) -> None:
    """Refuse a name that several inherited sockets have: one of them would be served, and the others wait for ever."""
    _, names = passed_sockets(start_environment())
    for name in {name for name in names if names.count(name) > 1}:
        if SYSTEMD in description and f"name={name}" in description.split(":"):
            raise BadSetting(
                f"{setting}: {description!r} names {names.count(name)} sockets; give each a name of its own with "
                "FileDescriptorName= in its socket unit, or use index=0, index=1 and so on"
            )


def _with_backlog(description: str) -> str:
    """The endpoint with a backlog: when Twisted's default of 50 is full, new clients wait for seconds."""
    if HAS_BACKLOG.match(description) and ":backlog=" not in description:
        return f"{description}:backlog={BACKLOG}"
    return description


def _cannot_listen(description: str, error: BaseException, setting: str) -> CannotListen:
    if isinstance(error, UnusableDescriptor):
        return CannotListen(f"cannot listen on {description}: {error}")
    if isinstance(error, OwnPort):
        return CannotListen(f"cannot listen on {_location(description, error)}: {error.advice}")
    cause = error.socketError if isinstance(error, CannotListenError) else error
    if isinstance(error, CannotListenError) and cause == LOCKED:
        return CannotListen(
            f"cannot listen on {description} ({os.fsdecode(error.port)}.lock names a process that runs): "
            "stop it if it is mixsvc, else remove that file"
        )
    reason = getattr(cause, "strerror", None) or str(cause)
    advice, where = ADVICE.get(getattr(cause, "errno", 0), OTHER_ADVICE)
    if setting != SERVER_LISTEN:
        where = f"in {setting}"
    return CannotListen(f"cannot listen on {_location(description, error)} ({reason}): {advice} {where}")


def _location(description: str, error: BaseException) -> str:
    if isinstance(error, CannotListenError) and isinstance(error.port, int):
        host = f"[{error.interface}]" if ":" in error.interface else error.interface or "*"
        return f"{host}:{error.port}"
    return description
