"""What operators do to a whole service on a reactor in memory: the drain, the access log, reopened log files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

from twisted.application.service import Application, IService
from twisted.internet.testing import StringTransport
from twisted.logger import ILogObserver
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.operations.log_files import LogFile
from mixsvc.operations.operations import ProcessContext
from mixsvc.service import MixService
from tests.test_service import Reactor, application, nobody, settings

P = ParamSpec("P")


class Instant(Reactor):
    """Does what is to be done when it runs at once, but for what minds signals."""

    def callWhenRunning(self, callable: Callable[P, object], *args: P.args, **kw: P.kwargs) -> None:
        if callable.__name__ == "_log_listening":
            callable(*args, **kw)


class OperationsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Instant()

    def started(self, process: ProcessContext | None = None, **server: Any) -> MixService:
        service = MixService(self.reactor, settings(**server), application, nobody, process)
        self.addCleanup(service._views.stop)
        self.addCleanup(service._helpers.stop)
        service.privilegedStartService()
        service.startService()
        return service

    def get(self, path: bytes, port: int = 0) -> bytes:
        """What the site on the port of this index says at once."""
        site: Any = self.reactor.tcpServers[port][1]
        wire = StringTransport()
        channel = site.buildProtocol(wire.getPeer())
        channel.makeConnection(wire)
        channel.dataReceived(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        said: bytes = wire.value()
        return said

    def test_the_port_for_operators_is_open_while_the_rights_are_there(self) -> None:
        service = MixService(
            self.reactor, settings(admin_listen=("tcp:9090:interface=127.0.0.1",)), application, nobody
        )
        self.addCleanup(service._views.stop)

        service.privilegedStartService()

        assert [server[0] for server in self.reactor.tcpServers] == [8080, 9090]
        assert b"mixsvc_ready 0.0" in self.get(b"/metrics", 1)
        assert b"The service is starting." in self.get(b"/readyz", 1)

    def test_names_that_are_checked_elsewhere_are_not_on_the_port_for_operators(self) -> None:
        self.started(admin_listen=("tcp:9090:interface=127.0.0.1",), hosts=("example.org",))

        assert self.get(b"/healthz").startswith(b"HTTP/1.1 421 ")
        assert self.get(b"/healthz", 1).startswith(b"HTTP/1.1 200 ")

    def test_it_goes_on_until_the_drain_is_over(self) -> None:
        service = self.started(drain=10.0, admin_listen=("tcp:9090:interface=127.0.0.1",))

        service.stopService()

        assert b"The service is stopping." in self.get(b"/readyz", 1)
        assert b"mixsvc_ready 0.0" in self.get(b"/metrics", 1)
        self.reactor.advance(9.9)
        assert not service._site.is_stopping
        self.reactor.advance(0.1)
        assert service._site.is_stopping

    def test_without_a_drain_it_stops_at_once(self) -> None:
        service = self.started()

        service.stopService()

        assert service._site.is_stopping

    def test_what_waits_for_the_access_log_is_written_before_its_file_is_opened_anew(self) -> None:
        service = self.started(access_log_file="access.log")
        self.get(b"/healthz")
        assert Path("access.log").read_text() == ""
        Path("access.log").rename("old")

        service._operations.reopen()

        assert '"GET /healthz HTTP/1.1" 200 20 ' in Path("old").read_text()
        assert Path("access.log").read_text() == ""

    def test_twistd_logs_into_our_file(self) -> None:
        file = LogFile("x.log")
        self.addCleanup(file.close)
        service = MixService(self.reactor, settings(), application, nobody, ProcessContext(log_file=file))
        host: Any = Application("mixsvc")

        service.setServiceParent(host)

        assert service.parent is IService(host)
        observer: Any = host.getComponent(ILogObserver)
        observer({"log_time": 0.0, "log_format": "said {what}", "what": "this"})
        assert "said this" in Path("x.log").read_text()
