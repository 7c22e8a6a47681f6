"""A reactor in memory that starts a process for a restart, of which a test speaks the part."""

from typing import Any

from twisted.internet.error import ConnectionDone, ProcessTerminated
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

__all__ = ["RestartReactor"]


class Process:
    """What spawnProcess returns."""

    pid = 4711

    def __init__(self) -> None:
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        """See IProcessTransport."""
        self.signals.append(name)


class Wire(StringTransport):
    """The link. given: the descriptors that were sent. is_slow: whether what is sent takes time."""

    def __init__(self, reactor: "RestartReactor") -> None:
        StringTransport.__init__(self)
        self._reactor = reactor
        self.given: list[int] = []
        self.is_slow = False

    def sendFileDescriptor(self, descriptor: int) -> None:
        """See IUNIXTransport."""
        self.given.append(descriptor)

    def loseWriteConnection(self) -> None:
        """See IHalfCloseableDescriptor: the other process closes the link when it has read all."""
        if not self.is_slow:
            self._reactor.link_ends()


class RestartReactor(MemoryReactorClock):
    """Starts one process. stopped: how often it was stopped."""

    def __init__(self) -> None:
        MemoryReactorClock.__init__(self)
        self.process = Process()
        self.spawned: list[Any] = []
        self.stopped = 0
        self._protocol: Any = None
        self._link: Any = None
        self.wire = Wire(self)

    def spawnProcess(self, protocol: Any, *arguments: Any, **more: Any) -> Process:
        """See IReactorProcess."""
        self._protocol = protocol
        self.spawned.append((arguments, more))
        return self.process

    def adoptStreamConnection(self, descriptor: int, family: int, factory: Any) -> None:
        """See IReactorSocket."""
        self._link = factory.buildProtocol(None)
        self._link.makeConnection(self.wire)

    def stop(self) -> None:
        """See IReactorCore."""
        self.stopped += 1

    # The new process

    def says(self, message: str) -> None:
        """The new process says something over the link."""
        self._link.dataReceived(message.encode() + b"\n")

    def gives(self, descriptor: int) -> None:
        """A connection comes over the link."""
        self._link.fileDescriptorReceived(descriptor)

    def heard(self) -> str:
        """What it was told so far."""
        text: str = self.wire.value().decode()
        return text

    def link_ends(self) -> None:
        """All was sent over the link, and it is closed."""
        self._link.connectionLost(Failure(ConnectionDone()))

    def writes(self, text: str) -> None:
        """It writes to its standard error."""
        self._protocol.errReceived(text.encode())

    def ends(self, status: int) -> None:
        """It ends."""
        self._protocol.processEnded(Failure(ProcessTerminated(status)))
