"""The certificates of TLS ports, which are read anew while the service runs.

A certificate is renewed every few weeks, by a program that replaces its files. Each port looks at them now and then, in
a thread. Connections that are open keep what they have agreed on; new ones get the new certificate. Files that cannot
be used change nothing: somebody may be about to write them.
"""

from collections.abc import Callable
from typing import Any, Final

from OpenSSL.SSL import Connection
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from mixsvc.errors import BadSetting
from mixsvc.http.ports.plain_text import TLSConnection

__all__ = ["LOOK_SECONDS", "CertificateReactor", "RenewingFactory"]

# How often the files are read.
LOOK_SECONDS: Final = 30.0


class CertificateReactor:
    """A reactor whose TLS ports have renewable certificates. Everything else is that of the reactor."""

    def __init__(self, reactor: Any, description: str) -> None:
        """description: the endpoint that will listen with this reactor. The reactor has time, threads and TCP."""
        self._reactor = reactor
        self._description = description

    def listenSSL(
        self, port: int, factory: IProtocolFactory, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """See IReactorSSL."""
        renewable = _Renewable(contextFactory)
        tls = RenewingFactory(self._reactor, renewable, factory, self._description)
        listening: IListeningPort = self._reactor.listenTCP(port, tls, backlog, interface)
        return listening

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IOpenSSLServerConnectionCreator)
class _Renewable:
    """What new connections get."""

    def __init__(self, options: CertificateOptions) -> None:
        """Raises OpenSSL.SSL.Error for a key that does not belong to its certificate."""
        assert options.certificate
        self.certificate = options.certificate
        self._context = options.getContext()

    def serverConnectionForTLS(self, tlsProtocol: object) -> Connection:
        """See IOpenSSLServerConnectionCreator."""
        return Connection(self._context, None)

    def replace(self, other: "_Renewable") -> bool:
        """Take over what another one has; returns whether its certificate is a different one."""
        is_new = self.certificate.digest("sha256") != other.certificate.digest("sha256")
        self.certificate, self._context = other.certificate, other._context
        return is_new


class RenewingFactory(TLSMemoryBIOFactory):
    """Reads its certificate anew for as long as a port is open."""

    protocol = TLSConnection
    _log = Logger(namespace=__name__)

    def __init__(self, reactor: Any, renewable: _Renewable, factory: IProtocolFactory, description: str) -> None:
        TLSMemoryBIOFactory.__init__(self, renewable, False, factory)
        self._reactor = reactor
        self._renewable = renewable
        self._description = description
        self._fault = ""
        self._looking = LoopingCall(reactor.callInThread, self._look)
        self._looking.clock = reactor

    def startFactory(self) -> None:
        """See Factory."""
        self._looking.start(LOOK_SECONDS, now=False)

    def stopFactory(self) -> None:
        """See Factory."""
        self._looking.stop()

    def prepare_renewal(self) -> Callable[[], str]:
        """Read the files. Returns what lets new connections get the certificate, and returns which one is new, or "".

        Called in any thread, and what it returns in the reactor thread. Raises BadSetting if they cannot be used.
        """
        try:
            found = _found(self._description)
        except _CannotRead as fault:
            raise BadSetting(f"the certificate of {self._description} cannot be read anew ({fault})") from None
        return lambda: f"the certificate of {self._description}" if self._take(found) else ""

    def _look(self) -> None:
        # In a thread: the files may be on a disk that is slow.
        try:
            found = _found(self._description)
        except _CannotRead as fault:
            self._reactor.callFromThread(self._keep, str(fault))
        else:
            self._reactor.callFromThread(self._take, found)

    def _take(self, found: _Renewable) -> bool:
        """Returns whether it is another certificate."""
        self._fault = ""
        is_new = self._renewable.replace(found)
        if is_new:
            self._log.info(
                "mixsvc: new connections to {endpoint} get the new certificate, which is valid until {end}",
                endpoint=self._description,
                end=(found.certificate.get_notAfter() or b"").decode("ascii", "replace"),
            )
        return is_new

    def _keep(self, fault: str) -> None:
        # Once for each fault: it is found again and again.
        if fault != self._fault:
            self._fault = fault
            self._log.warn(
                "mixsvc: the certificate of {endpoint} cannot be read anew ({reason}); the present one stays in use",
                endpoint=self._description,
                reason=fault,
            )


class _Capture:
    """A reactor that opens nothing, and keeps what a TLS port would have been opened with."""

    def __init__(self) -> None:
        self.options: CertificateOptions | None = None

    def listenSSL(self, port: int, factory: object, contextFactory: CertificateOptions, **more: object) -> None:
        self.options = contextFactory


class _CannotRead(Exception):
    """Files that cannot be used; the text says why."""


def _found(description: str) -> _Renewable:
    """What the files have. Blocks. Raises _CannotRead."""
    try:
        return _Renewable(_read(description))
    except Exception as error:
        # Here, as a start does not need it.
        from mixsvc.http.ports.tls_files import tls_fault

        # OpenSSL and each kind of endpoint raise errors of their own.
        raise _CannotRead(tls_fault(description, error) or str(error) or type(error).__name__) from None


def _read(description: str) -> CertificateOptions:
    """Reads the files that an endpoint names. Blocks for some milliseconds."""
    capture = _Capture()
    serverFromString(capture, description).listen(Factory())
    assert capture.options
    return capture.options
