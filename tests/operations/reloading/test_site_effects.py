"""What a reload changes for HTTP: each setting with something that a client sees before and after."""

from collections.abc import Iterator

import pytest

from tests.http.memory_site import MemoryTransport
from tests.operations.reloading.effects import shows
from tests.operations.reloading.service import ReloadedService


@pytest.fixture(scope="module")
def service() -> Iterator[ReloadedService]:
    made = ReloadedService(server={"trusted_proxies": "192.168.1.1"})
    yield made
    made.end()


@pytest.fixture(autouse=True)
def as_at_first(service: ReloadedService) -> None:
    service.reload()


def is_closed_after(service: ReloadedService, seconds: float, transport: MemoryTransport) -> bool:
    """Whether the service has closed a connection after so many seconds."""
    for _ in range(int(seconds) + 1):
        service.reactor.advance(1)
    closed = transport.disconnecting or transport.write_closed
    service.leave(transport)
    return closed


def begun(service: ReloadedService, data: bytes) -> MemoryTransport:
    """A connection that has sent this."""
    transport = service.connect()
    transport.protocol.dataReceived(data)
    return transport


UPLOAD = b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


@shows("server.trusted_proxies")
def test_trusted_proxies_count_for_the_next_request_of_an_open_connection(service: ReloadedService) -> None:
    service.reload(server={"trusted_proxies": ""})
    transport = service.connect()

    def client() -> str:
        service.ask("GET /healthz\nX-Forwarded-For: 1.2.3.4", transport=transport)
        service.reactor.advance(1)
        return (service.folder / "access.log").read_text().splitlines()[-1].split()[0]

    before = client()
    service.reload()
    with_trust = client()
    service.reload(server={"trusted_proxies": "10.0.0.1"})

    assert [before, with_trust, client()] == ["192.168.1.1", "1.2.3.4", "192.168.1.1"]


@shows("server.hosts")
def test_hosts_count_for_the_next_request_of_an_open_connection(service: ReloadedService) -> None:
    transport = service.connect()
    before = service.ask("GET /healthz", transport=transport)[0]
    service.reload(server={"hosts": "elsewhere"})

    assert (before, service.ask("GET /healthz", transport=transport)[0]) == (200, 421)


@shows("server.hsts")
def test_hsts_is_sent_over_https(service: ReloadedService) -> None:
    def head() -> str:
        return service.ask("GET /healthz\nX-Forwarded-Proto: https")[1]

    before = head()
    service.reload(server={"hsts": "77"})

    assert "Strict-Transport-Security" not in before
    assert "Strict-Transport-Security: max-age=77" in head()


@shows("server.access_log")
def test_the_form_of_the_access_log_changes(service: ReloadedService) -> None:
    before = service.logged()
    service.reload(server={"access_log": "json"})

    assert (before[0], service.logged()[0]) == ("1", "{")


@shows("server.access_log_file")
def test_the_lines_go_into_another_file(service: ReloadedService) -> None:
    service.reload(server={"access_log_file": "other.log"})
    service.status("GET /healthz")
    service.reactor.advance(1)
    other = service.folder / "other.log"
    first = other.read_text()
    service.reload(server={"access_log": "off"})
    service.status("GET /healthz")
    service.reactor.advance(1)

    assert first.count("GET /healthz") == 1
    assert other.read_text() == first


@shows("server.header_timeout")
def test_a_head_may_take_less_time(service: ReloadedService) -> None:
    before = is_closed_after(service, 6, begun(service, b"GET / HT"))
    service.reload(server={"header_timeout": "4"})

    assert (before, is_closed_after(service, 6, begun(service, b"GET / HT"))) == (False, True)


@shows("server.idle_timeout")
def test_a_connection_may_be_idle_for_less_time(service: ReloadedService) -> None:
    def idle() -> MemoryTransport:
        transport = service.connect()
        service.ask("GET /healthz", transport=transport)
        return transport

    before = is_closed_after(service, 6, idle())
    service.reload(server={"idle_timeout": "4"})

    assert (before, is_closed_after(service, 6, idle())) == (False, True)


@shows("server.transfer_timeout")
def test_a_body_may_take_less_time(service: ReloadedService) -> None:
    before = is_closed_after(service, 6, begun(service, UPLOAD))
    service.reload(server={"transfer_timeout": "3"})

    assert (before, is_closed_after(service, 6, begun(service, UPLOAD))) == (False, True)


@shows("server.slowest_transfer")
def test_a_body_must_come_faster(service: ReloadedService) -> None:
    # 1000 bytes within three seconds.
    service.reload(server={"transfer_timeout": "3", "slowest_transfer": "10"})
    before = is_closed_after(service, 3, begun(service, UPLOAD + b"x" * 1000))
    service.reload(server={"transfer_timeout": "3", "slowest_transfer": "2000"})

    assert (before, is_closed_after(service, 3, begun(service, UPLOAD + b"x" * 1000))) == (False, True)


@shows("web.slow_client_timeout")
def test_a_response_must_be_read_sooner(service: ReloadedService) -> None:
    def is_cut_off() -> bool:
        # A full buffer that nobody reads.
        transport = begun(service, b"GET /static/style.css HTTP/1.1\r\nHost: x\r\n\r\n")
        transport.protocol.pauseProducing()
        closed = is_closed_after(service, 9, transport)
        return closed or transport.aborted

    service.reload(server={"slowest_transfer": "1000000"}, web={"slow_client_timeout": "3600"})
    before = is_cut_off()
    service.reload(server={"slowest_transfer": "1000000"}, web={"slow_client_timeout": "2"})

    assert (before, is_cut_off()) == (False, True)


@shows("server.max_connections")
def test_fewer_connections_are_taken_and_those_that_there_are_stay(service: ReloadedService) -> None:
    old = begun(service, b"GET / HT")
    service.reload(server={"max_connections": "1"})
    new = begun(service, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    try:
        assert new.value().startswith(b"HTTP/1.1 503 ")
        assert not old.disconnecting
    finally:
        service.leave(old)
        service.leave(new)


@shows("web.max_body")
def test_a_body_may_be_smaller_for_the_site_and_for_the_pages(service: ReloadedService) -> None:
    # 403: there is no token.
    before = service.status("POST /api/rooms/lobby/messages\nContent-Type: application/json", b"x" * 2000)
    service.reload(web={"max_body": "1000"})

    assert before != 413
    assert service.status("POST /api/rooms/lobby/messages\nContent-Type: application/json", b"x" * 2000) == 413


@shows("web.max_bodies")
def test_all_bodies_together_may_be_smaller(service: ReloadedService) -> None:
    before = begun(service, UPLOAD + b"x" * 2000)
    service.reload(web={"max_bodies": "3000"})
    after = begun(service, UPLOAD + b"x" * 2000)

    try:
        assert before.value() == b""
        assert after.value().startswith(b"HTTP/1.1 503 ")
    finally:
        service.leave(before)
        service.leave(after)
