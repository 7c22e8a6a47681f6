"""X-Forwarded-*: accepted from trusted proxies only, and only what they wrote themselves."""

from collections.abc import Collection
from ipaddress import ip_network

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.network import Proxy, proxies
from mixsvc.http.forwarded import ConnectionSenders, Forwarded, Sender, normal_peer, read_forwarded
from mixsvc.http.head import HeaderFields

TRUSTED: Collection[Proxy] = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))

UNIX_ONLY = proxies("unix")


class StubSite:
    """A site that answers for all hosts."""

    hosts: Collection[str] = ()

    def __init__(self, trusted: Collection[Proxy]) -> None:
        self.trusted = trusted

    def forwarded(self, fields: HeaderFields) -> Forwarded:
        return read_forwarded(fields, self.trusted)


def address(sender: Sender) -> str:
    """The client's."""
    return str(getattr(sender.client, "host", None))


class ForwardedTests(SynchronousTestCase):
    """A request from 127.0.0.1, unless a test says otherwise."""

    def forwarded(self, peer: IAddress | None = None, trusted: Collection[Proxy] = TRUSTED, **headers: str) -> Sender:
        pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
        fields = HeaderFields.of(b"", ((b"Host", b"internal:8080"), *pairs), 0)
        transport = StringTransport(peerAddress=peer or IPv4Address("TCP", "127.0.0.1", 5000))
        sender = ConnectionSenders(transport, False, StubSite(trusted)).of(fields)
        self.scheme, self.prefix = sender.scheme, sender.prefix
        return sender

    def client(self, **headers: str) -> str:
        return address(self.forwarded(None, TRUSTED, **headers))

    def test_the_proxy_names_the_client(self) -> None:
        assert self.client(x_forwarded_for="192.0.2.7") == "192.0.2.7"

    def test_addresses_that_the_client_itself_wrote_are_not_believed(self) -> None:
        assert self.client(x_forwarded_for="1.1.1.1, 192.0.2.7") == "192.0.2.7"

    def test_a_chain_of_trusted_proxies_is_followed(self) -> None:
        assert self.client(x_forwarded_for="192.0.2.7, 10.1.2.3") == "192.0.2.7"

    def test_version_six_addresses_are_understood(self) -> None:
        request = self.forwarded(x_forwarded_for="2001:db8::1")

        assert request.client == IPv6Address("TCP", "2001:db8::1", 0)

    def test_an_address_may_have_a_port(self) -> None:
        assert self.client(x_forwarded_for="192.0.2.7:4711") == "192.0.2.7"
        assert self.client(x_forwarded_for="[2001:db8::1]:4711") == "2001:db8::1"
        assert self.client(x_forwarded_for="[2001:db8::1]") == "2001:db8::1"
        assert self.client(x_forwarded_for="192.0.2.7, 10.0.0.1:80") == "192.0.2.7"
        assert self.client(x_forwarded_for="[fe80::1%eth0]:4711") == "fe80::1%eth0"

    def test_only_what_http_calls_white_space_is_left_out(self) -> None:
        assert self.client(x_forwarded_for="\t 192.0.2.7 \t,") == "192.0.2.7"
        for text in ("192.0.2.7\x85", "\xa0192.0.2.7", "192.0.2.7\x0c", "192.0.2.\xb2"):
            assert self.client(x_forwarded_for=text) == "127.0.0.1", text
        self.forwarded(x_forwarded_proto="https\x85")
        assert self.scheme is None
        assert self.forwarded(x_forwarded_host="a.example\x85").fields.values[b"host"] == b"internal:8080"

    def test_a_trusted_proxy_says_which_prefix_it_has_removed(self) -> None:
        for text, prefix in (("/mix", "/mix"), ("/mix/", "/mix"), ("/a/b.c_d~e", "/a/b.c_d~e"), ("/x, /mix", "/mix")):
            self.forwarded(x_forwarded_prefix=text)
            assert self.prefix == prefix, text
        self.forwarded(IPv4Address("TCP", "192.0.2.7", 5000), x_forwarded_prefix="/mix")
        assert self.prefix == ""

    def test_what_is_no_prefix_is_none(self) -> None:
        for text in (
            "mix",
            "/",
            "//",
            "//evil.example",
            "/a//b",
            "/..",
            "/a/../b",
            "/.",
            '/"',
            "/a;b",
            "/a b",
            "/a%2f",
        ):
            self.forwarded(x_forwarded_prefix=text)
            assert self.prefix == "", text
        for text in ("/\xfc", "/a\x85", "http://a", "/a\\b", "/" + "a" * 300, "/a?b", "/a#b", "/<b>"):
            self.forwarded(x_forwarded_prefix=text)
            assert self.prefix == "", text

    def test_brackets_hold_an_ipv6_address_and_nothing_else(self) -> None:
        for text in ("[192.0.2.7]", "[192.0.2.7]:80", "[..]", "[:::]", "[]"):
            assert self.client(x_forwarded_for=text) == "127.0.0.1", text
        for text in ("[192.0.2.7]", "[..]", "[:::]:80"):
            assert self.forwarded(x_forwarded_host=text).fields.values[b"host"] == b"internal:8080", text

    def test_a_mapped_address_is_ipv4(self) -> None:
        for text in ("::ffff:192.0.2.7", "[::FFFF:c000:207]:4711", "0:0:0:0:0:ffff:192.0.2.7"):
            assert self.forwarded(x_forwarded_for=text).client == IPv4Address("TCP", "192.0.2.7", 0), text
        assert self.client(x_forwarded_for="192.0.2.7, ::ffff:10.0.0.1") == "192.0.2.7"

    def test_garbage_leaves_the_peer(self) -> None:
        for garbage in ("nonsense", "unknown", "1.2.3.4:5:6", "[::1", "1.2.3.4:", "2001:db8::1:x", ":80", "[]:80"):
            assert self.client(x_forwarded_for=garbage) == "127.0.0.1", garbage

    def test_the_zone_of_an_address_is_the_name_of_an_interface(self) -> None:
        assert self.client(x_forwarded_for="fe80::1%eth0") == "fe80::1%eth0"
        for zone in ('a" 1 x', "a b", "\x1b[2J", "\xff", "a" * 1000):
            assert self.client(x_forwarded_for=f"fe80::1%{zone}") == "127.0.0.1", zone

    def test_a_mapped_peer_is_the_same_peer(self) -> None:
        request = self.forwarded(IPv6Address("TCP", "::ffff:127.0.0.1", 1), x_forwarded_for="192.0.2.7")

        assert address(request) == "192.0.2.7"

    def test_scheme_and_host_are_taken(self) -> None:
        request = self.forwarded(x_forwarded_proto="https", x_forwarded_host="example.org")

        assert (self.scheme, request.fields.values[b"host"]) == ("https", b"example.org")

    def test_the_scheme_is_what_the_last_proxy_says_also_of_a_websocket(self) -> None:
        for text, scheme in (
            ("https", "https"),
            ("HTTPS", "https"),
            ("http", "http"),
            ("wss", "https"),
            ("ws", "http"),
            ("https, http", "http"),
            ("spdy", None),
            ("", None),
        ):
            self.forwarded(x_forwarded_proto=text)
            assert self.scheme == scheme, text
        self.forwarded()
        assert self.scheme is None

    def test_without_trusted_proxies_nothing_is_believed(self) -> None:
        request = self.forwarded(trusted=(), x_forwarded_for="192.0.2.7", x_forwarded_host="evil.example")

        assert request.fields.values[b"host"] == b"internal:8080"
        assert address(request) == "127.0.0.1"

    def test_a_stranger_is_not_believed(self) -> None:
        request = self.forwarded(
            IPv4Address("TCP", "192.0.2.9", 1), x_forwarded_for="1.1.1.1", x_forwarded_proto="https"
        )

        assert (address(request), self.scheme) == ("192.0.2.9", None)

    def test_a_host_that_is_none_is_not_taken(self) -> None:
        for host in ("evil/../x", "a b", "<script>", "x:port", "\xff"):
            assert self.forwarded(x_forwarded_host=host).fields.values[b"host"] == b"internal:8080", host

    def test_the_word_unix_trusts_peers_on_a_unix_socket(self) -> None:
        for peer in (UNIXAddress("/run/x"), UNIXAddress(None)):
            request = self.forwarded(peer, UNIX_ONLY, x_forwarded_for="192.0.2.7", x_forwarded_host="example.org")

            assert (address(request), request.fields.values[b"host"]) == ("192.0.2.7", b"example.org")

    def test_the_word_unix_trusts_no_tcp_peer(self) -> None:
        assert address(self.forwarded(None, UNIX_ONLY, x_forwarded_for="192.0.2.7")) == "127.0.0.1"

    def test_behind_a_unix_socket_a_chain_is_followed(self) -> None:
        trusted = (*UNIX_ONLY, *TRUSTED)

        request = self.forwarded(UNIXAddress(None), trusted, x_forwarded_for="192.0.2.7, 10.1.2.3")

        assert address(request) == "192.0.2.7"

    def test_a_peer_without_an_ip_address_is_a_stranger(self) -> None:
        request = self.forwarded(UNIXAddress("/run/x"), x_forwarded_host="evil.example")

        assert request.fields.values[b"host"] == b"internal:8080"


class NormalPeerTests(SynchronousTestCase):
    def test_an_ipv4_client_of_a_dual_stack_socket_is_an_ipv4_client(self) -> None:
        for text in ("::ffff:192.0.2.7", "0:0:0:0:0:ffff:c000:207"):
            assert normal_peer(IPv6Address("TCP", text, 4711)) == IPv4Address("TCP", "192.0.2.7", 4711), text

    def test_an_ipv6_address_has_one_spelling(self) -> None:
        assert normal_peer(IPv6Address("TCP", "2001:DB8:0:0:0:0:0:1", 1)) == IPv6Address("TCP", "2001:db8::1", 1)

    def test_other_peers_stay_as_they_are(self) -> None:
        for peer in (
            IPv4Address("TCP", "192.0.2.7", 1),
            IPv6Address("TCP", "fe80::1%eth0", 1, 0, 2),
            IPv6Address("TCP", "no address", 1),
            UNIXAddress("/run/x"),
        ):
            assert normal_peer(peer) is peer
