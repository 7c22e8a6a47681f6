"""systemd's side of the service, with the real twistd: sockets handed down, sd_notify, and the units of deploy/."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mixsvc.config.reading import read_settings
from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.urls import status_of

# Does what systemd does for a socket unit (sd_listen_fds(3)), then becomes the service.
HAND_DOWN = """
import os, socket, sys

def tcp():
    return socket.create_server(("127.0.0.1", 0))

def dual():
    return socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)

def connection():
    port = tcp()
    client = socket.create_connection(port.getsockname())
    os.set_inheritable(client.detach(), True)
    return port.accept()[0]

def datagrams():
    return socket.socket(type=socket.SOCK_DGRAM)

names = sys.argv[1].split(":")
for number, name in enumerate(names, 3):
    os.dup2(globals()[sys.argv[2]]().detach(), number)
    os.set_inheritable(number, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=sys.argv[1])
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True)
class HandedDown(Launch):
    """Started with open sockets of these names, joined by colons, and of a kind: a function of the program above."""

    names: str = "web"
    kind: str = "tcp"

    def command(self, *twistd_options: str) -> list[str]:
        return [sys.executable, "-c", HAND_DOWN, self.names, self.kind, *super().command(*twistd_options)]


def handed_down(launch: Launch, names: str, *endpoints: str, **server: str) -> HandedDown:
    options = tuple(word for endpoint in endpoints for word in ("--listen", endpoint))
    config = launch.having(server=server).config
    return HandedDown(launch.programs, launch.folder, config, options, names=names)


def test_a_socket_that_systemd_has_opened_is_served(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(handed_down(launch, "web", "systemd:domain=INET:index=0"))

    assert status_of(f"{service.url}/api/rates") == 200
    with Chatter(service.port, "Ann") as ann:
        assert ann.say("hello") == 1
    service.stop()
    assert "Traceback" not in service.log()


def test_a_socket_for_both_protocols_is_served_as_one_and_its_clients_have_addresses(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    """ListenStream=8080 makes one, whatever the endpoint says."""
    trusting = handed_down(launch, "web", "systemd:domain=INET:name=web", trusted_proxies="127.0.0.1")
    service = start(replace(trusting, kind="dual"))

    assert status_of(f"{service.url}/healthz", {"X-Forwarded-For": "192.0.2.7"}) == 200
    service.stop()
    assert "192.0.2.7 - - [" in service.log()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("connection", "descriptor 3 is a connection and not a port; use Accept=no in the socket unit"),
        ("datagrams", "descriptor 3 is not a stream socket; use ListenStream=, not ListenDatagram= or another"),
    ],
)
def test_what_is_no_port_is_refused_in_one_line(
    start: Callable[[Launch], Service], launch: Launch, kind: str, said: str
) -> None:
    service = start(replace(handed_down(launch, "web", "systemd:domain=INET:name=web"), kind=kind))

    assert service.wait_for_exit() == 1
    assert service.lines.so_far() == [f"mixsvc: cannot listen on systemd:domain=INET:name=web: {said}"]


@pytest.mark.parametrize(
    ("names", "endpoints", "said"),
    [
        ("web:web", ["systemd:domain=INET:name=web"], "names 2 sockets; give each a name of its own"),
        (
            "web",
            ["systemd:domain=INET:name=web", "systemd:domain=INET:index=0"],
            "another endpoint names the socket of descriptor 3; name each once",
        ),
    ],
)
def test_each_socket_has_one_name_and_one_endpoint(
    start: Callable[[Launch], Service], launch: Launch, names: str, endpoints: list[str], said: str
) -> None:
    service = start(handed_down(launch, names, *endpoints))

    assert service.wait_for_exit() == 1
    (line,) = service.lines.so_far()
    assert said in line


def test_a_socket_that_no_setting_names_is_told(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(handed_down(launch, "admin:web", "systemd:domain=INET:name=web"))

    service.wait_for("mixsvc: no setting names 1 of the sockets from systemd")
    assert status_of(f"{service.url}/healthz") == 200


def test_sockets_are_found_by_name_for_guests_and_for_operators(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    service = start(
        handed_down(
            launch,
            "admin:web",
            "systemd:domain=INET:name=web",
            "tcp:0:interface=127.0.0.1",
            admin_listen="systemd:domain=INET:name=admin",
        )
    )
    operators = service.wait_for("mixsvc: admin pages on ").rpartition(" ")[2]

    assert len(service.addresses) == 2
    assert [status_of(f"http://{address}/api/rates") for address in service.addresses] == [200, 200]
    assert status_of(f"http://{operators}/metrics") == 200


def test_a_socket_that_systemd_has_not_opened_is_named(start: Callable[[Launch], Service], launch: Launch) -> None:
    service = start(replace(launch, options=("--listen", "systemd:domain=INET:index=0")))

    assert service.wait_for_exit() == 1
    (line,) = service.lines.so_far()
    assert "'systemd:domain=INET:index=0' is not an endpoint (systemd has passed no such socket)" in line


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """Where systemd would listen; its name is the path of the socket."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(DEADLINE)
        yield server


def test_systemd_is_told_when_it_is_ready_that_it_lives_and_when_it_stops(
    start: Callable[[Launch], Service], launch: Launch, listener: socket.socket
) -> None:
    environ = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "200000"}
    service = start(replace(launch, environ=environ).having(server={"drain": "1", "shutdown_timeout": "3"}))

    assert listener.recv(1000) == b"READY=1"
    # Ready means that it answers.
    assert status_of(f"{service.url}/readyz") == 200
    for _ in range(3):
        assert listener.recv(1000) == b"WATCHDOG=1"

    service.process.terminate()
    said = listener.recv(1000)
    while said == b"WATCHDOG=1":
        said = listener.recv(1000)
    assert said == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=5000000"
    # Still alive while it drains.
    assert listener.recv(1000) == b"WATCHDOG=1"
    assert service.wait_for_exit() == -15


def unit(name: str) -> ConfigParser:
    """A unit, the last of keys that stand there several times."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser's documentation does it
    parser.read_string((PROJECT / "deploy" / name).read_text())
    return parser


def test_the_unit_waits_for_notify_and_a_watchdog_and_gives_the_drain_its_time() -> None:
    service = unit("mixsvc.service")["Service"]

    assert (service["Type"], service["Restart"], service["User"]) == ("notify", "on-failure", "mixsvc")
    assert int(service["WatchdogSec"]) >= 10
    assert int(service["TimeoutStopSec"]) >= 30
    # twistd as a daemon would have another process number than the one that systemd watches.
    assert "--nodaemon --pidfile= mixsvc --config /etc/mixsvc/mixsvc.ini" in service["ExecStart"]


def test_the_unit_leaves_what_the_metrics_of_the_process_are_read_from() -> None:
    # /proc/stat is outside of the subset of processes.
    assert "ProcSubset" not in unit("mixsvc.service")["Service"]


def test_the_socket_is_the_one_that_the_settings_name() -> None:
    text = (PROJECT / "deploy" / "mixsvc.socket").read_text()

    assert unit("mixsvc.socket")["Socket"]["FileDescriptorName"] == "web"
    assert "listen = systemd:domain=INET:name=web" in text


@pytest.fixture
def units(installed: Path, tmp_path: Path) -> Path:
    """The units in a folder, with a program that is there."""
    service = (PROJECT / "deploy" / "mixsvc.service").read_text()
    (tmp_path / "mixsvc.service").write_text(service.replace("/opt/mixsvc/bin/twistd", str(installed / "twistd")))
    shutil.copy(PROJECT / "deploy" / "mixsvc.socket", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["mixsvc.service", "mixsvc.socket"])
def test_systemd_finds_nothing_wrong_with_the_units(units: Path, name: str) -> None:
    done = analyze("verify", "--man=no", str(units / name))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_thinks_the_service_well_locked_in(units: Path) -> None:
    done = analyze("security", "--offline=yes", "--no-pager", str(units / "mixsvc.service"))

    exposure = re.search(r"Overall exposure level for mixsvc.service: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    # 0 to 10; without any of these settings it is 9.6.
    assert float(exposure[1]) < 2.0


def analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=DEADLINE)


def test_the_settings_beside_it_are_ones_and_fit_the_proxies() -> None:
    settings = read_settings(str(PROJECT / "deploy" / "mixsvc.ini"))
    proxies = [(PROJECT / "deploy" / name).read_text() for name in ("nginx.conf", "haproxy.cfg")]

    assert all(f"127.0.0.1:{settings.server.port}" in text for text in proxies)
    assert settings.server.admin_listen == ("tcp:9090:interface=127.0.0.1",)
    assert "default-server check" in proxies[1]
    assert f"127.0.0.1:{settings.server.port} port 9090" in proxies[1]
    # The time that HAProxy needs to stop sending requests: twice 2 s.
    assert settings.server.drain > 4
