"""The helpers that run the service, tried with the real twistd on a small stand-in for mixsvc."""

import subprocess
import sys
import urllib.request
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.e2e.support.ecb import RATES_XML, Ecb
from tests.e2e.support.service import Daemon, Launch, Service, config_text

TAP = """
import os
from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.python import usage

class Options(usage.Options):
    optParameters = [["port", None, "0", "", int], ["config", None, None]]

class StandIn(Service):
    def startService(self):
        # Not earlier: before the reactor runs, SIGTERM is not handled.
        reactor.callWhenRunning(self.listen)

    def listen(self):
        if "SILENT" not in os.environ:
            port = reactor.listenTCP(0, Factory(), interface="127.0.0.1").getHost().port
            Logger().info("mixsvc: listening on {address}", address=f"127.0.0.1:{port}")

    def stopService(self):
        Logger().info("mixsvc: gone")

def makeService(options):
    return StandIn()
"""

PLUGIN = """
from twisted.application.service import ServiceMaker

mixsvc = ServiceMaker("mixsvc", "mixsvc.tap", "A stand-in.", "mixsvc")
"""


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with a mixsvc that only listens."""
    folder = tmp_path_factory.mktemp("stand-in")
    texts = {"mixsvc/__init__.py": "", "mixsvc/tap.py": TAP, "twisted/plugins/mixsvc_plugin.py": PLUGIN}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def launch(stand_in: Path, tmp_path: Path) -> Launch:
    environ = {"PYTHONPATH": str(stand_in)}
    return Launch(Path(sys.executable).parent, tmp_path / "service", environ=environ)


def test_a_service_tells_where_it_listens(launch: Launch) -> None:
    with Service(launch) as service:
        assert service.url == f"http://127.0.0.1:{service.port}"
        assert service.port > 0


def test_a_service_is_stopped_by_sigterm_and_says_all_it_has_to_say(launch: Launch) -> None:
    with Service(launch) as service:
        assert service.port

        assert service.stop() == -15

    assert "mixsvc: gone" in service.log()


def test_a_service_that_is_killed_says_no_more(launch: Launch) -> None:
    with Service(launch) as service:
        assert service.port

        service.kill()

    assert service.process.returncode == -9
    assert "mixsvc: gone" not in service.log()


def test_waiting_for_a_line_that_does_not_come_has_a_deadline(launch: Launch) -> None:
    with Service(replace(launch, environ={**launch.environ, "SILENT": "1"})) as service:
        with pytest.raises(AssertionError, match=r"0\.1 s passed without a line like 'never'"):
            service.wait_for("never", seconds=0.1)


def test_waiting_for_a_line_ends_with_the_service(launch: Launch) -> None:
    with Service(replace(launch, options=("--nonsense",))) as service:
        with pytest.raises(AssertionError, match="it ended without a line like (.*\n)*.*nonsense"):
            assert service.port

        assert service.wait_for_exit() == 1


def test_a_line_before_those_skipped_does_not_count(launch: Launch) -> None:
    with Service(launch) as service:
        service.wait_for("listening on")

        with pytest.raises(AssertionError):
            service.wait_for("listening on", after=len(service.lines.so_far()), seconds=0.1)


def test_a_daemon_is_read_through_its_log_and_stopped(launch: Launch) -> None:
    with Daemon(launch) as daemon:
        assert daemon.port > 0

        daemon.stop()

        assert "mixsvc: gone" in daemon.log()


def test_a_daemon_that_does_not_start_says_why(launch: Launch) -> None:
    with pytest.raises(AssertionError, match="nonsense"):
        Daemon(replace(launch, options=("--nonsense",)))


def test_settings_are_laid_over_each_other(launch: Launch) -> None:
    first = launch.having(rates={"interval": "1", "timeout": "2"}, server={"port": "0"})

    assert first.having(rates={"interval": "3"}).config == {
        "rates": {"interval": "3", "timeout": "2"},
        "server": {"port": "0"},
    }


def test_a_setting_of_several_lines_is_read_back() -> None:
    parser = ConfigParser(interpolation=None)

    parser.read_string(config_text({"server": {"listen": "tcp:1\ntcp:2", "port": "5"}, "web": {}}))

    assert parser["server"]["listen"] == "tcp:1\ntcp:2"
    assert parser["server"]["port"] == "5"


def test_the_bank_answers_with_its_rates_and_notes_who_asked() -> None:
    with Ecb() as ecb, urllib.request.urlopen(ecb.url, timeout=30) as answer:
        assert answer.read() == RATES_XML

        assert [request.path for request in ecb.requests] == ["/eurofxref-daily.xml"]


def test_the_bank_answers_as_it_is_told() -> None:
    with Ecb() as ecb:
        ecb.answer(status=503, body=b"closed")

        with pytest.raises(HTTPError) as raised:
            urllib.request.urlopen(ecb.url, timeout=30)

    with raised.value as answer:
        assert (answer.code, answer.read()) == (503, b"closed")


def test_the_bank_that_takes_its_time_lets_go_when_it_closes() -> None:
    with Ecb() as ecb:
        ecb.answer(delay=600)

        with pytest.raises(TimeoutError):
            urllib.request.urlopen(ecb.url, timeout=0.2)


def test_the_installed_wheel_runs_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    script = "import mixsvc, txsockjs; print(mixsvc.__file__, txsockjs.__file__)"
    environ = Launch(installed, tmp_path).environment()

    done = subprocess.run(
        [installed / "python", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True
    )

    assert done.stdout.count(str(installed.parent)) == 2
