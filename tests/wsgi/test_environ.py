"""What an application learns of its request from the bytes that came."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.validate import validator

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyChannel

from mixsvc.config import network
from mixsvc.config.settings import ServerSettings, Settings
from mixsvc.wsgi.environ import make_environ
from tests.wsgi.inline import Served, Wire


class EnvironTests(SynchronousTestCase):
    """The environ of requests."""

    is_short = True

    def ask(self, data: bytes, settings: Settings | None = None, wire: Wire | None = None) -> dict[str, Any]:
        """The environ, with the body of the request under "body"."""
        seen: dict[str, Any] = {}

        def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
            seen.update(environ, body=environ["wsgi.input"].read(2**30))
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]

        served = Served(validator(application), settings, is_short=self.is_short)
        answer = served.said(data, wire)
        assert answer.startswith(b"HTTP/1.1 200 ") or answer.startswith(b"HTTP/1.0 200 "), answer
        return seen

    def get(self, target: bytes, *headers: bytes) -> dict[str, Any]:
        return self.ask(b"\r\n".join([b"GET %b HTTP/1.1" % target, b"Host: example.org:8080", *headers, b"", b""]))

    def test_the_request_line(self) -> None:
        environ = self.get(b"/a/b?c=d&e?f")

        assert environ["REQUEST_METHOD"] == "GET"
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/a/b")
        assert environ["QUERY_STRING"] == "c=d&e?f"
        assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"

    def test_the_path_is_decoded_byte_by_byte_and_the_query_is_not(self) -> None:
        environ = self.get(b"/J%C3%BCrgen/%2B%25%2F//x/?q=%C3%BC")

        assert environ["PATH_INFO"].encode("latin-1") == "/Jürgen/+%///x/".encode()
        assert environ["QUERY_STRING"] == "q=%C3%BC"

    def test_headers_are_characters_that_stand_for_bytes(self) -> None:
        environ = self.get(b"/", b"X-Name: J\xc3\xbcrgen", b"x-lower: a")

        assert environ["HTTP_X_NAME"].encode("latin-1") == "Jürgen".encode()
        assert environ["HTTP_X_LOWER"] == "a"
        assert environ["HTTP_HOST"] == "example.org:8080"

    def test_a_header_that_comes_twice_is_joined(self) -> None:
        environ = self.get(b"/", b"X-A: 1", b"X-A: 2", b"Cookie: a=1", b"Cookie: b=2")

        assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")

    def test_headers_with_underscores_are_left_out(self) -> None:
        """Also those of a request to twisted.web's own site, which accepts them."""
        request = Request(DummyChannel(), False)
        request.process = lambda: None  # type: ignore[method-assign]  # nobody is to respond
        for name in (b"X_Forwarded_For", b"CONTENT_TYPE", b"X-Forwarded_Proto"):
            request.requestHeaders.addRawHeader(name, b"203.0.113.1")
        request.gotLength(0)
        request.requestReceived(b"GET", b"/", b"HTTP/1.1")
        environ = make_environ(request)

        assert (environ["REQUEST_METHOD"], environ["REMOTE_ADDR"]) == ("GET", "192.168.1.1")
        assert not [key for key in environ if "FORWARDED" in key or "CONTENT_TYPE" in key]

    def test_a_body_has_type_and_length_without_prefix(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n"
        environ = self.ask(head + b"abc")

        assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"], environ["body"]) == ("text/plain", "3", b"abc")
        assert "HTTP_CONTENT_TYPE" not in environ
        assert "HTTP_CONTENT_LENGTH" not in environ

    def test_without_a_body_there_are_neither(self) -> None:
        environ = self.get(b"/")

        assert not [key for key in environ if "CONTENT" in key]
        assert environ["body"] == b""

    def test_a_body_in_chunks_has_its_length(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        environ = self.ask(head + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")

        assert (environ["CONTENT_LENGTH"], environ["body"]) == ("7", b"abcdefg")
        assert "HTTP_TRANSFER_ENCODING" not in environ

    def test_a_large_body_comes_from_disk(self) -> None:
        body = bytes(range(256)) * 4096
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)

        assert self.ask(head + body)["body"] == body

    def test_a_form_is_left_for_the_application_to_read(self) -> None:
        kind = b"Content-Type: application/x-www-form-urlencoded"
        head = b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\nContent-Length: 7\r\n\r\n" % kind

        assert self.ask(head + b"a=b&c=d")["body"] == b"a=b&c=d"

    def test_addresses(self) -> None:
        environ = self.get(b"/")

        assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("192.0.2.7", "40000")
        assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("example.org", "8080")
        assert environ["wsgi.url_scheme"] == "http"

    def addressed(self, host: bytes, address: IAddress) -> tuple[str, str, str]:
        environ = self.ask(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host, wire=Wire(address, address))
        return environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]

    def test_addresses_of_ipv6(self) -> None:
        address = IPv6Address("TCP", "2001:db8::1", 8443)

        assert self.addressed(b"[2001:db8::1]:8443", address) == ("[2001:db8::1]", "8443", "2001:db8::1")

    def test_a_unix_socket_has_no_addresses(self) -> None:
        assert self.addressed(b"example.org", UNIXAddress("/run/x.sock")) == ("example.org", "80", "")

    def test_a_trusted_proxy_sets_address_and_scheme(self) -> None:
        server = ServerSettings(trusted_proxies=network.proxies("192.0.2.7"))
        head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Proto: https\r\n\r\n"
        environ = self.ask(head, Settings(server=server))

        assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("203.0.113.1", "https")

    def test_the_host_that_a_proxy_names_is_that_of_its_request_alone(self) -> None:
        hosts = []

        def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
            hosts.append((environ["HTTP_HOST"], environ["SERVER_NAME"]))
            start_response("200 OK", [])
            return [b"ok"]

        settings = Settings(server=ServerSettings(trusted_proxies=network.proxies("192.0.2.7")))
        served = Served(application, settings, is_short=self.is_short)
        head = b"GET / HTTP/1.1\r\nHost: inside\r\nX-Forwarded-Host: example.org\r\n\r\n"
        for address in ("192.0.2.8", "192.0.2.7", "192.0.2.8", "192.0.2.7"):
            served.said(head, Wire(IPv4Address("TCP", address, 40000)))

        assert hosts == [("inside", "inside"), ("example.org", "example.org")] * 2

    def test_http_1_0_without_a_host(self) -> None:
        environ = self.ask(b"GET / HTTP/1.0\r\n\r\n")

        assert (environ["SERVER_NAME"], environ["SERVER_PROTOCOL"]) == ("127.0.0.1", "HTTP/1.0")
        assert "HTTP_HOST" not in environ

    def test_it_has_the_constants_of_pep_3333(self) -> None:
        environ = self.get(b"/")

        assert environ["wsgi.version"] == (1, 0)
        assert (environ["wsgi.multithread"], environ["wsgi.multiprocess"]) == (True, False)
        assert environ["wsgi.run_once"] is False


class LongWayEnvironTests(EnvironTests):
    """The same on the long way of requests."""

    is_short = False
