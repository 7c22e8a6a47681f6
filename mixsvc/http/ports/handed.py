"""Listening sockets that one process of the service hands to the next one (operations/restart says how).

A socket is known by what it was asked for, such as tcp:127.0.0.1:8080 or unix:/run/mixsvc.sock, and not by the setting
that named it: the next process may have other settings. What it asks for and nobody has handed down it opens itself.
Both processes have the same socket, and with it the same queue of connections: whoever accepts gets the next one. So
neither may shut it down, and only the last one removes the file of a Unix socket.
"""

import errno
import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Final, Protocol

from twisted.internet import unix
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.lockfile import FilesystemLock

from mixsvc.common.addresses import Address, parse_address
from mixsvc.http.ports.inherited import InheritedUnixPort, family_of
from mixsvc.http.ports.unix_paths import is_socket, leads_to

__all__ = ["HandingReactor", "excludes", "tcp_name", "unix_name"]

# What the lock of a Unix socket is called, behind the path of the socket (twisted.internet.unix.Port).
LOCK: Final = ".lock"

_log = Logger()


def tcp_name(interface: str, port: int) -> str:
    """The name of a TCP socket."""
    return f"tcp:{interface}:{port}"


def excludes(name: str, interface: str, port: int) -> bool:
    """Whether a socket of this name keeps a TCP port on an interface from being opened."""
    kind, _, place = name.partition(":")
    taken, _, number = place.rpartition(":")
    if kind != "tcp" or port == 0 or number != str(port):
        return False
    one, other = _address(taken), _address(interface)
    return one is None or other is None or one == other


def _address(interface: str) -> Address | None:
    """None for all addresses, and for a name, which may be that of any."""
    try:
        found = parse_address(interface)
    except ValueError:
        return None
    return None if found.is_unspecified else found


def unix_name(path: str | bytes) -> str:
    """The name of a Unix socket."""
    return f"unix:{os.path.abspath(os.fsdecode(path))}"


class SharedPort(Protocol):
    """A listening socket that no reactor has opened."""

    def fileno(self) -> int:
        """Its descriptor; -1 if it is closed."""

    def abandon(self) -> None:
        """Accept nobody any more, and leave the socket and its file alone: another process has them."""


class HandingReactor:
    """A reactor that listens on sockets which were handed down, and knows what can be handed on.

    Everything else is that of the reactor. Used in the reactor thread. systemd: the ports on sockets that systemd has
    passed, by the descriptors at which it did.
    """

    def __init__(self, reactor: Any, handed: Mapping[str, int]) -> None:
        """handed: descriptors of listening sockets, by their names; each is closed when it is taken."""
        self._reactor = reactor
        self._handed = dict(handed)
        self._ports: dict[str, Any] = {}
        self._shared: dict[str, SharedPort] = {}
        self.systemd: dict[int, Any] = {}

    def of(self, setting: str) -> Any:
        """The same for the endpoints of a setting."""
        return _SettingReactor(self, setting)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = "", setting: str = ""
    ) -> IListeningPort:
        """See IReactorTCP. setting: the one that names the endpoint."""
        name = tcp_name(interface, port) if port else self._free_name(tcp_name(interface, 0), setting)
        handed = self._handed.pop(name, None)
        if handed is None:
            opened: Any = self._reactor.listenTCP(port, factory, backlog, interface)
        else:
            opened = self._reactor.adoptStreamPort(handed, family_of(handed), factory)
            os.close(handed)
        self._ports[name] = opened
        return opened  # type: ignore[no-any-return]

    def _free_name(self, name: str, setting: str) -> str:
        """A name for one of several sockets whose port the system has chosen; in the next process it is the same."""
        return next(each for n in count(1) if (each := f"{name} {setting} {n}") not in self._ports)

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> IListeningPort:
        """See IReactorUNIX."""
        name = unix_name(address)
        handed = self._handed.pop(name, None)
        if handed is None:
            opened: Any = self._reactor.listenUNIX(address, factory, backlog, mode, wantPID)
        else:
            inherited = socket.socket(fileno=handed)
            if _is_gone(address):
                inherited.close()
                inherited = _bound(address, backlog, mode)
            opened = HandedUnixPort(inherited, factory, self._reactor, mode, wantPID)
            opened.startListening()
        self._ports[name] = opened
        return opened  # type: ignore[no-any-return]

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> IListeningPort:
        """See IReactorSocket."""
        opened: IListeningPort = self._reactor.adoptStreamPort(descriptor, family, factory)
        self.systemd[descriptor] = opened
        return opened

    def unix_port_adopted(self, descriptor: int, port: IListeningPort) -> None:
        """A port on a socket of systemd's was opened without `adoptStreamPort`."""
        self.systemd[descriptor] = port

    def open_sockets(self) -> Mapping[str, int]:
        """The descriptors of the ports that are open, by name, without those of systemd."""
        ports = {**self._ports, **self._shared}
        return {name: number for name, port in ports.items() if (number := _number(port)) >= 0}

    def take_over(self) -> None:
        """From now on the files of the Unix sockets belong to this process."""
        for port in self._ports.values():
            if isinstance(port, HandedUnixPort):
                port.own_files()

    def abandon(self) -> None:
        """Stop accepting, as another process has the sockets by now, and leave them and their files alone."""
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for port in (*self._ports.values(), *self.systemd.values()):
            if (number := _number(port)) >= 0:
                port.stopReading()
                # Whatever closes this descriptor, or shuts it down, means nothing from now on.
                os.dup2(null, number, inheritable=False)
        os.close(null)
        for shared in self._shared.values():
            shared.abandon()

    def take(self, name: str) -> int | None:
        """The descriptor of a socket that was handed down, for who opens it otherwise; None if it was not."""
        return self._handed.pop(name, None)

    def share(self, name: str, port: SharedPort) -> None:
        """Hand on a socket that was opened otherwise."""
        self._shared[name] = port

    def close_rest(self) -> None:
        """Close what was handed down and nobody has asked for, and remove the files that are its own still."""
        rest, self._handed = self._handed, {}
        for name, number in rest.items():
            kind, _, path = name.partition(":")
            if kind == "unix" and leads_to(path, number):
                _remove_files(path)
            os.close(number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class _SettingReactor:
    """The reactor of the endpoints of one setting."""

    def __init__(self, reactor: HandingReactor, setting: str) -> None:
        self._reactor = reactor
        self._setting = setting

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> IListeningPort:
        """See IReactorTCP."""
        return self._reactor.listenTCP(port, factory, backlog, interface, self._setting)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


class HandedUnixPort(InheritedUnixPort):
    """A port on a Unix socket of the process before this one."""

    def __init__(self, inherited: socket.socket, factory: Any, reactor: Any, mode: int, has_lock: bool) -> None:
        """mode: of its file, once that is this process's. has_lock: whether a file beside it names its process."""
        InheritedUnixPort.__init__(self, inherited, factory, reactor)
        self._wanted_mode = mode
        self._has_lock = has_lock
        self._is_ours = False

    def own_files(self) -> None:
        """Give the socket its mode, and let the lock name this process, which removes both files at the end."""
        self._is_ours = True
        path = os.fsdecode(self.getHost().name)
        name = path + LOCK
        if path.startswith("\0"):
            return
        _set_mode(path, self._wanted_mode)
        if not self._has_lock:
            return
        fresh = f"{name}.{os.getpid()}"
        with suppress(OSError):
            os.symlink(str(os.getpid()), fresh)
            os.replace(fresh, name)
            self.lockFile = FilesystemLock(name)
            self.lockFile.locked = True

    def connectionLost(self, reason: Any) -> None:
        """See IListeningPort."""
        end = unix.Port if self._is_ours else InheritedUnixPort
        end.connectionLost(self, reason)


def _is_gone(address: str) -> bool:
    """Whether nobody can connect to a Unix socket by its name any more."""
    path = os.fsdecode(address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        return probe.connect_ex(path) in (errno.ENOENT, errno.ECONNREFUSED)


def _bound(address: str, backlog: int, mode: int) -> socket.socket:
    """A new socket of this name, in the place of a dead one. Raises OSError if something else is there."""
    path = os.fsdecode(address)
    if is_socket(path):
        with suppress(FileNotFoundError):
            os.unlink(path)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(path)
        os.chmod(path, mode)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made


def _remove_files(path: str) -> None:
    """Remove a Unix socket and its lock."""
    try:
        os.unlink(path)
        if os.path.islink(path + LOCK):
            os.unlink(path + LOCK)
    except FileNotFoundError:
        pass
    except OSError as error:
        _log.warn("mixsvc: cannot remove {path} ({reason}); remove what is left", path=path, reason=error.strerror)


def _set_mode(path: str, mode: int) -> None:
    try:
        if stat.S_IMODE(os.stat(path).st_mode) != mode:
            os.chmod(path, mode)
    except OSError as error:
        _log.warn("mixsvc: {path} keeps its mode ({reason})", path=path, reason=error.strerror)


def _number(port: Any) -> int:
    """The descriptor of a port; -1 if it is closed."""
    try:
        return int(port.fileno())
    except Exception:
        return -1
