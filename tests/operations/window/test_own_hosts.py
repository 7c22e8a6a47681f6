"""For which hosts the window answers."""

from mixsvc.operations.window.own_hosts import is_from_window, is_window_host, port_of
from tests.operations.window.operator import WindowTestCase


def test_addresses_and_localhost_are_the_windows() -> None:
    for host in ("127.0.0.1", "127.0.0.1:9090", "192.0.2.1:80", "[::1]", "[::1]:9090", "localhost", "LOCALHOST:9090"):
        assert is_window_host(host, ()), host


def test_other_names_are_not_unless_the_settings_have_them() -> None:
    for host in ("evil.example", "evil.example:9090", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1"):
        assert not is_window_host(host, ("example.org",)), host
    assert is_window_host("example.org:9090", ("example.org",))
    assert is_window_host("ops.example.org", ("*.example.org",))


def test_the_port_is_that_of_the_host_header() -> None:
    assert [port_of(each) for each in ("x", "x:9090", "[::1]", "[::1]:9090")] == ["", "9090", "", "9090"]


def test_an_origin_is_the_windows_if_scheme_host_and_port_are() -> None:
    def is_own(origin: str, scheme: str = "http") -> bool:
        return is_from_window({"origin": origin, "host": "localhost:80"}, scheme)

    assert is_own("http://localhost")
    assert not is_own("http://localhost:81")
    assert not is_own("https://localhost")
    assert not is_own("http://localhost.")


class HostTests(WindowTestCase):
    hosts = ("example.org",)

    def test_a_page_of_another_site_that_gives_its_name_our_address_gets_nothing(self) -> None:
        self.host = "evil.example:9090"

        for path in ("/", "/window/live", "/window/static/x"):
            reply = self.get(path)
            assert reply.status == 421
            assert "[server] hosts" in reply.body
        assert self.post("/window/login", {}).status == 421
        assert self.cookies == {}

    def test_a_host_that_a_reload_brings_is_one_from_then_on(self) -> None:
        self.host = "ops.example.net"
        assert self.get().status == 421

        self.hosts = ("ops.example.net",)

        assert self.get().status == 200

    def test_a_host_of_the_settings_reaches_the_window(self) -> None:
        self.host = "example.org"

        assert self.get().status == 200
        assert self.log_in().status == 303
        assert [name for name in self.cookies if "session" in name] == ["mixsvc-session"]
