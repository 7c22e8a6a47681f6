"""A reload of a whole service: what it says, and that a mistake changes nothing."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from twisted.internet.defer import gatherResults
from twisted.logger import LogLevel, capturedLogs, formatEvent

from mixsvc.config.ini import RawSetting
from mixsvc.errors import ActionRefused, MixError
from tests.operations.reloading.service import ReloadedService


@pytest.fixture(scope="module")
def service() -> Iterator[ReloadedService]:
    made = ReloadedService()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def as_at_first(service: ReloadedService) -> None:
    service.reload()


def test_nothing_has_changed_if_the_file_says_the_same(service: ReloadedService) -> None:
    assert service.reload() == "nothing has changed"


def test_one_line_says_what_has_changed_and_what_needs_a_restart_without_values(service: ReloadedService) -> None:
    line = service.reload(
        chat={"rate": "7", "moderators": "Ann"}, web={"threads": "5"}, storage={"path": "secret.sqlite3"}
    )

    assert line == ("changed: [chat] rate, [chat] moderators; need a restart: [web] threads, [storage] path")


def test_what_needs_a_restart_is_named_again_and_again_until_there_is_one(service: ReloadedService) -> None:
    lines = [service.reload(web={"threads": "5"}) for _ in range(2)]

    assert lines == ["nothing was changed; needs a restart: [web] threads"] * 2
    assert service.service.facades is not None


@pytest.mark.parametrize(
    ("section", "key", "text", "said"),
    [
        ("chat", "rate", "fast", r"mixsvc.ini, line \d+: \[chat\] rate = 'fast' is not valid"),
        ("chat", "raet", "1", r"there is no setting 'raet' in \[chat\]; did you mean 'rate'\?"),
        ("caht", "rate", "1", r"there is no section \[caht\]; did you mean 'chat'\?"),
        ("chat", "max_message", "256", r"max_text = 2000 needs max_message = 28512 or more"),
        ("server", "max_connections", "0", r"\[server\] max_connections = '0' is not valid"),
        ("chat", "moderators", "Ann:scrypt:1", r"\[chat\] moderators: Ann: the text after the name is not the hash"),
        ("webhooks", "outgoing", "crm https://x/", r"\[webhooks\] secrets_file"),
        ("rates", "sources", "json\njson_url = https://example.org/{key}", r"json_url .*json_key_env"),
        ("chat", "hooks_file", ".", r"\[chat\] hooks_file = .* is not a plain file"),
        ("server", "access_log_file", "no/such/folder/x.log", r"the log file .*no/such/folder/x.log cannot be written"),
    ],
)
def test_a_mistake_changes_nothing_and_is_one_line(
    service: ReloadedService, section: str, key: str, text: str, said: str
) -> None:
    changes = {"server": {"hosts": "elsewhere"}}
    changes[section] = {**changes.get(section, {}), key: text}

    with pytest.raises(MixError, match=said) as found:
        service.reload(**changes)

    assert "\n" not in str(found.value)
    assert service.status("GET /healthz") == 200
    assert service.reload() == "nothing has changed"


def test_a_file_that_cannot_be_read_changes_nothing(service: ReloadedService) -> None:
    service.file.unlink()

    with pytest.raises(MixError, match=r"mixsvc.ini: cannot be read \(No such file or directory\)"):
        service.reactor.wait_for(service.service.desk.perform("reload", ()))

    assert service.reload() == "nothing has changed"


def test_a_pipe_in_the_place_of_the_file_holds_no_reload_up(service: ReloadedService) -> None:
    service.file.unlink()
    os.mkfifo(service.file)

    with pytest.raises(MixError, match=r"mixsvc.ini is not a plain file, which alone can be read again"):
        service.reactor.wait_for(service.service.desk.perform("reload", ()))

    service.file.unlink()
    assert service.reload() == "nothing has changed"


def test_the_signal_reopens_the_logs_and_reloads_and_the_log_says_both(service: ReloadedService) -> None:
    service.write(server={"hosts": "elsewhere"})
    (service.folder / "access.log").rename(service.folder / "old.log")
    with capturedLogs() as logged:
        signal.raise_signal(signal.SIGHUP)
        service.until(lambda: service.status("GET /healthz") == 421)

    assert (service.folder / "access.log").exists()
    texts = [formatEvent(each) for each in logged]
    assert "mixsvc: log files reopened: 1" in texts
    assert "mixsvc: the settings were read again: changed: [server] hosts" in texts


def test_the_other_signal_only_reopens_the_logs(service: ReloadedService) -> None:
    service.write(server={"hosts": "elsewhere"})
    (service.folder / "access.log").rename(service.folder / "old.log")
    signal.raise_signal(signal.SIGUSR1)

    service.until((service.folder / "access.log").exists)

    assert service.status("GET /healthz") == 200


def test_the_log_says_what_is_wrong_after_the_signal(service: ReloadedService) -> None:
    service.write(server={"hsts": "-1"})
    with capturedLogs() as logged:
        signal.raise_signal(signal.SIGHUP)
        service.until(lambda: any("stay as they are" in (formatEvent(each) or "") for each in logged))

    (line,) = [formatEvent(each) for each in logged if each["log_level"] is LogLevel.error]
    assert line is not None
    assert line.startswith(f"mixsvc: the settings stay as they are: {service.file}, line ")


def test_two_reloads_at_once_come_one_after_the_other(service: ReloadedService) -> None:
    service.write(server={"hosts": "elsewhere"})
    both = gatherResults([service.service.desk.perform("reload", ()) for _ in range(2)])

    assert service.reactor.wait_for(both) == ["changed: [server] hosts", "nothing has changed"]


def test_options_of_the_command_line_take_precedence_as_at_the_start() -> None:
    service = ReloadedService(options={("server", "hosts"): RawSetting("x", "--hosts", "command line")})
    try:
        assert service.reload(server={"hosts": "elsewhere"}) == "nothing has changed"
        assert service.status("GET /healthz") == 200
    finally:
        service.end()


def test_the_option_listen_beats_the_port_of_the_file_as_at_the_start() -> None:
    listen = RawSetting("tcp:8082:interface=127.0.0.1", "--listen", "command line")
    service = ReloadedService(options={("server", "listen"): listen}, server={"port": "8081"})
    try:
        assert service.reload(server={"port": "8081", "drain": "1"}) == "changed: [server] drain"
        assert service.reload(server={"port": "8083"}) == "changed: [server] drain"
    finally:
        service.end()


def test_a_service_that_stops_reads_nothing_any_more() -> None:
    service = ReloadedService()
    service.end()

    with pytest.raises(ActionRefused, match="stopping"):
        service.reactor.wait_for(service.service.desk.perform("reload", ()))


def test_a_service_that_stops_while_it_reads_changes_nothing() -> None:
    service = ReloadedService()
    service.write(server={"hosts": "elsewhere"})
    reload = service.service.desk.perform("reload", ())
    service.end()

    with pytest.raises(MixError, match="^the service is stopping$"):
        service.reactor.wait_for(reload)


def test_a_service_without_a_file_says_so() -> None:
    service = ReloadedService(has_origin=False)
    try:
        with pytest.raises(MixError, match="have not come from a file"):
            service.reload()
    finally:
        service.end()


def test_signals_that_come_while_one_waits_already_lead_to_no_more_reloads(service: ReloadedService) -> None:
    service.write(server={"hosts": "elsewhere"})
    with capturedLogs() as logged:
        for _ in range(20):
            signal.raise_signal(signal.SIGHUP)

        def outcomes() -> list[str]:
            texts = [formatEvent(each) or "" for each in logged]
            return [each.rpartition(": ")[2] for each in texts if "the settings were read again" in each]

        service.until(lambda: len(outcomes()) == 2)
        for _ in range(50):
            service.turn()

    assert outcomes() == ["[server] hosts", "nothing has changed"]


def test_systemd_is_told_of_one_reload_after_the_other() -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind("notify")
        manager.settimeout(10)
        service = ReloadedService(environ={"NOTIFY_SOCKET": os.path.abspath("notify")})
        try:
            both = gatherResults([service.service.desk.perform("reload", ()) for _ in range(2)])
            service.reactor.wait_for(both)
            with pytest.raises(MixError):
                service.reload(chat={"rate": "s3cret"})
        finally:
            service.end()
        told = [manager.recv(4096).decode() for _ in range(8)]

    begin, end = "RELOADING=1", "READY=1\nSTATUS=Settings read again: nothing has changed"
    assert [each.partition("\nMONOTONIC")[0] for each in told[:7]] == [
        *("READY=1", begin, end, begin, end, begin),
        "READY=1\nSTATUS=Settings not read again; the log says why",
    ]
    assert told[7].startswith("STOPPING=1")
