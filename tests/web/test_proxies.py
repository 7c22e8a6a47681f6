"""X-Forwarded-*: believed from trusted proxies, and only what they said themselves."""

from collections.abc import Collection
from ipaddress import ip_network

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyChannel

from mixsvc.parsers import Network
from mixsvc.web.proxies import apply_forwarded

TRUSTED: Collection[Network] = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))


class ForwardedTests(SynchronousTestCase):
    """A request from 127.0.0.1, unless a test says otherwise."""

    def forwarded(
        self, peer: IAddress | None = None, trusted: Collection[Network] = TRUSTED, **headers: str
    ) -> Request:
        request = Request(DummyChannel(), False)
        request.client = peer or IPv4Address("TCP", "127.0.0.1", 5000)
        request.requestHeaders = Headers({"host": ["internal:8080"]})
        for name, value in headers.items():
            request.requestHeaders.addRawHeader(name.replace("_", "-"), value)
        apply_forwarded(request, trusted)
        return request

    def client(self, **headers: str) -> str:
        return str(self.forwarded(None, TRUSTED, **headers).getClientAddress().host)

    def test_the_proxy_names_the_client(self) -> None:
        assert self.client(x_forwarded_for="192.0.2.7") == "192.0.2.7"

    def test_what_the_client_itself_wrote_before_is_not_believed(self) -> None:
        assert self.client(x_forwarded_for="1.1.1.1, 192.0.2.7") == "192.0.2.7"

    def test_a_chain_of_trusted_proxies_is_followed(self) -> None:
        assert self.client(x_forwarded_for="192.0.2.7, 10.1.2.3") == "192.0.2.7"

    def test_version_six_addresses_are_understood(self) -> None:
        request = self.forwarded(x_forwarded_for="2001:db8::1")

        assert request.getClientAddress() == IPv6Address("TCP", "2001:db8::1", 0)

    def test_garbage_leaves_the_peer(self) -> None:
        assert self.client(x_forwarded_for="nonsense") == "127.0.0.1"

    def test_a_mapped_peer_is_the_same_peer(self) -> None:
        request = self.forwarded(IPv6Address("TCP", "::ffff:127.0.0.1", 1), x_forwarded_for="192.0.2.7")

        assert request.getClientAddress().host == "192.0.2.7"

    def test_scheme_and_host_are_taken(self) -> None:
        request = self.forwarded(x_forwarded_proto="https", x_forwarded_host="example.org")

        assert (request.isSecure(), request.getHeader(b"host")) == (True, b"example.org")

    def test_without_trusted_proxies_nothing_is_believed(self) -> None:
        request = self.forwarded(trusted=(), x_forwarded_for="192.0.2.7", x_forwarded_host="evil.example")

        assert request.getHeader(b"host") == b"internal:8080"
        assert request.getClientAddress().host == "127.0.0.1"

    def test_a_stranger_is_not_believed(self) -> None:
        request = self.forwarded(
            IPv4Address("TCP", "192.0.2.9", 1), x_forwarded_for="1.1.1.1", x_forwarded_proto="https"
        )

        assert (request.getClientAddress().host, request.isSecure()) == ("192.0.2.9", False)

    def test_a_peer_without_an_ip_address_is_a_stranger(self) -> None:
        request = self.forwarded(UNIXAddress("/run/x"), x_forwarded_host="evil.example")

        assert request.getHeader(b"host") == b"internal:8080"
