"""What operators do to a whole service on a reactor in memory: the drain, the access log, reopened log files."""

import os
import re
import signal
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.application.service import Application, IService
from twisted.internet.testing import StringTransport
from twisted.logger import ILogObserver, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.errors import ActionRefused
from mixsvc.operations.log_files import LogFile
from mixsvc.operations.operations import ProcessContext
from mixsvc.operations.renewal_signal import RenewalSignal
from mixsvc.operations.restart.restarting import OWED
from mixsvc.service import MixService
from tests.test_service import Reactor, application, end, nobody, settings


class OperationsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()

    def started(self, process: ProcessContext | None = None, **server: Any) -> MixService:
        service = MixService(self.reactor, settings(**server), application, nobody, process)
        self.addCleanup(end, service, self.reactor)
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

    def is_stopping(self) -> bool:
        """Whether a response says that its connection ends."""
        return b"\r\nconnection: close\r\n" in self.get(b"/chat").lower()

    def test_the_admin_port_opens_while_the_process_has_the_rights_for_it(self) -> None:
        service = MixService(
            self.reactor, settings(admin_listen=("tcp:9090:interface=127.0.0.1",)), application, nobody
        )

        service.privilegedStartService()

        assert [server[0] for server in self.reactor.tcpServers] == [8080, 9090]
        assert b"mixsvc_ready 0.0" in self.get(b"/metrics", 1)
        assert b"The service is starting." in self.get(b"/readyz", 1)

    def test_the_admin_port_answers_for_any_host_name(self) -> None:
        self.started(admin_listen=("tcp:9090:interface=127.0.0.1",), hosts=("example.org",))

        assert self.get(b"/healthz").startswith(b"HTTP/1.1 421 ")
        assert self.get(b"/healthz", 1).startswith(b"HTTP/1.1 200 ")

    def test_a_start_with_an_admin_port_makes_the_operators_token(self) -> None:
        self.started(admin_token_file="token")
        assert not Path("token").exists()

        self.started(admin_listen=("tcp:9090:interface=127.0.0.1",), admin_token_file="token", port=8081)

        assert re.fullmatch("[0-9a-f]{64}\n", Path("token").read_text())
        assert stat.S_IMODE(Path("token").stat().st_mode) == 0o600

    def test_without_a_token_that_can_be_used_only_the_window_is_closed_and_the_log_says_why(self) -> None:
        Path("token").write_text("short")

        with capturedLogs() as events:
            self.started(admin_listen=("tcp:9090:interface=127.0.0.1",), admin_token_file="token")

        (told,) = [text for event in events if "window" in (text := formatEvent(event))]
        assert re.search(r"token cannot be used: .* in \[server\] admin_token_file$", told)
        assert self.get(b"/healthz", 1).startswith(b"HTTP/1.1 200 ")

    def test_it_serves_until_the_drain_is_over(self) -> None:
        service = self.started(drain=10.0, admin_listen=("tcp:9090:interface=127.0.0.1",))

        service.stopService()

        assert b"The service is stopping." in self.get(b"/readyz", 1)
        assert b"mixsvc_ready 0.0" in self.get(b"/metrics", 1)
        self.reactor.advance(9.9)
        assert not self.is_stopping()
        self.reactor.advance(0.1)
        assert self.is_stopping()

    def test_without_a_drain_it_stops_at_once(self) -> None:
        service = self.started()

        service.stopService()

        assert self.is_stopping()

    def test_a_signal_writes_the_waiting_lines_of_the_access_log_and_then_reopens_its_file(self) -> None:
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.started(access_log_file="access.log")
        self.reactor.run()
        self.get(b"/healthz")
        assert Path("access.log").read_text() == ""
        Path("access.log").rename("old")

        signal.raise_signal(signal.SIGUSR1)
        self.reactor.advance(0)

        assert '"GET /healthz HTTP/1.1" 200 20 ' in Path("old").read_text()
        assert Path("access.log").read_text() == ""

    def test_a_signal_that_comes_when_another_process_has_taken_over_is_given_on_to_that_one(self) -> None:
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        service = self.started(access_log_file="access.log")
        self.reactor.run()
        sent: list[tuple[int, int]] = []
        self.patch(os, "kill", lambda *given: sent.append(given))
        restarting: Any = SimpleNamespace(process=0, owe=lambda number: None)
        service._operations.restarting = lambda: restarting

        signal.raise_signal(signal.SIGHUP)
        restarting.process = 4711
        signal.raise_signal(signal.SIGUSR1)
        self.reactor.advance(0)

        self.assertEqual(sent, [(4711, signal.SIGUSR1), (4711, signal.SIGHUP)])
        self.assertIn("4711", str(self.failureResultOf(service._operations.reload(), ActionRefused).value))

    def test_new_code_that_comes_during_a_restart_is_new_code_of_the_new_process_too(self) -> None:
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        renewal = RenewalSignal()
        renewal.hold()
        operations: Any = self.started(ProcessContext(renewal=renewal))._operations
        self.reactor.run()
        sent: list[tuple[int, int]] = []
        owed: list[int] = []
        self.patch(os, "kill", lambda *given: sent.append(given))
        restarting: Any = SimpleNamespace(process=0, owe=owed.append)
        operations.restarting = lambda: restarting

        signal.raise_signal(signal.SIGUSR2)
        self.reactor.advance(0)
        self.assertEqual((owed, sent), ([signal.SIGUSR2], []))

        restarting.process = 4711
        signal.raise_signal(signal.SIGUSR2)
        self.assertEqual((owed, sent), ([signal.SIGUSR2], [(4711, signal.SIGUSR2)]))

    def test_the_new_process_does_all_that_it_may_be_owed(self) -> None:
        operations: Any = self.started()._operations

        self.assertLessEqual({*OWED.values()}, operations.acts_after_restart().keys())

    def test_the_rotation_follows_the_process_before_and_who_has_given_over_changes_it_no_more(self) -> None:
        operations: Any = self.started()._operations
        self.reactor.run()
        acts = operations.acts_after_restart()

        acts["drained"]()
        self.assertTrue(operations.is_drained())
        acts["returned"]()
        self.assertFalse(operations.is_drained())

        operations.restarting = lambda: SimpleNamespace(process=4711)
        refused = self.failureResultOf(operations.desk.perform("drain", []), ActionRefused)
        self.assertIn("process 4711 is the service by now", str(refused.value))
        self.assertFalse(operations.is_drained())

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
