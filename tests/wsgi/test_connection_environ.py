"""An authenticator sees the request that opens a chat connection as a view would see the same request."""

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from mixsvc.config import network
from mixsvc.config.settings import ChatSettings, ServerSettings, Settings
from mixsvc.http.routing import Root
from mixsvc.http.site import MixSite
from mixsvc.interfaces.environ import REMOVED_PREFIX
from mixsvc.wsgi.environ import make_connection_environ
from tests.wsgi.inline import Served, Wire
from txsockjs.factory import SockJSResource

# What the docstring of make_connection_environ names.
DIFFERENT = {"wsgi.input", "wsgi.errors", "CONTENT_TYPE", "CONTENT_LENGTH", "mixsvc.holds", "werkzeug.socket"}

UPGRADE = (
    b"Host: chat.example:8080",
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


SEGMENT = st.lists(st.sampled_from([b"a", b"%41", b"%2f", b"%", b"%zz", b"%c3%bc", b";", b"+", b"~"]), min_size=1)
RANDOM_TARGETS = st.builds(
    lambda host, segments, last, query: host + b"/chat/" + b"/".join([*segments, last]) + query,
    st.sampled_from([b"", b"http://other.example", b"HTTPS://[2001:db8::1]:1"]),
    st.one_of(st.just([]), st.tuples(SEGMENT.map(b"".join), SEGMENT.map(b"".join)).map(list)),
    st.sampled_from([b"websocket", b"websocke%74", b"%77ebsocket"]),
    st.sampled_from([b"", b"?", b"?a=b", b"?%41=%2F;?"]),
)
RANDOM_HEADERS = st.lists(
    st.builds(
        lambda name, space, value: name + b":" + space + value + space,
        st.sampled_from(
            b"X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host x-forwarded-for Cookie cookie X-A x_a Authorization "
            b"Forwarded Origin X-Forwarded-Prefix Accept".split()
        ),
        st.sampled_from([b"", b" ", b"\t "]),
        st.sampled_from(
            b"203.0.113.9 203.0.113.9\x85 \xa0[2001:db8::1] [1.2.3.4] 1,,2 https HTTPS\xa0 http,https a.example, "
            b"[..] [:::] [::1]:8 a=b a=\xfc; /p /p/ //p , \xb2".split(b" ")
        ),
    ),
    max_size=6,
)


def tls_wire(**addresses: Any) -> Wire:
    """A transport that says it is encrypted."""
    wire = Wire(**addresses)
    directlyProvides(wire, ISSLTransport)
    return wire


def websocket(*headers: bytes, target: bytes = b"/chat/websocket?a=b&c") -> bytes:
    return b"\r\n".join([b"GET %b HTTP/1.1" % target, *UPGRADE, *headers, b"", b""])


def polling(*headers: bytes) -> bytes:
    lines = [b"POST /chat/0/s%C3%BC/xhr?t=1 HTTP/1.1", b"Host: chat.example", *headers]
    return b"\r\n".join([*lines, b"", b"[]"])


class RecordingFactory(Factory):
    """Makes the environ of each request that opens a connection."""

    noisy = False

    def __init__(self) -> None:
        self.environs: list[dict[str, Any]] = []

    def buildProtocol(self, addr: object) -> Protocol:
        environs = self.environs

        class Recorder(Protocol):
            def connectionMade(self) -> None:
                transport: Any = self.transport
                environs.append(make_connection_environ(transport.request))

        return Recorder()


class Sent:
    """One request, sent twice: where a view answers it, and where it opens a chat connection."""

    def __init__(
        self, data: bytes, settings: Settings | None = None, wire: Callable[..., Wire] = Wire, **addresses: Any
    ) -> None:
        self._data = data
        self._settings = settings or Settings()
        self._make_wire = lambda: wire(**addresses)
        self.view = self._environ_of_view()
        self.connection = self._environ_of_connection()

    def _environ_of_view(self) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            seen.update(environ)
            start_response("204 No Content", [])
            return []

        Served(application, self._settings).said(self._data, self._make_wire())
        return seen

    def _environ_of_connection(self) -> dict[str, Any]:
        served = Served(lambda environ, start_response: [], self._settings)
        factory = RecordingFactory()
        chat = SockJSResource(factory, {}, served.reactor)
        served.site = MixSite(served.reactor, Root(served.pages, chat, "/chat"), self._settings)
        served.said(self._data, self._make_wire())
        (environ,) = factory.environs
        return environ


class ConnectionEnvironTests(SynchronousTestCase):
    def assert_same(self, sent: Sent) -> dict[str, Any]:
        """The environs are equal apart from the stated differences; returns the connection's."""
        view, connection = (
            {key: value for key, value in each.items() if key not in DIFFERENT} for each in (sent.view, sent.connection)
        )
        self.assertEqual(view, connection)
        return connection

    def test_a_websocket_has_path_query_addresses_and_headers_of_a_view(self) -> None:
        environ = self.assert_same(Sent(websocket(b"X-User: ann")))

        self.assertEqual(
            ("", "/chat/websocket", "a=b&c"),
            tuple(environ[key] for key in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")),
        )
        self.assertEqual(("192.0.2.7", "40000"), (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]))
        self.assertEqual(("chat.example", "8080"), (environ["SERVER_NAME"], environ["SERVER_PORT"]))
        self.assertEqual("ann", environ["HTTP_X_USER"])
        self.assertIs(True, environ["wsgi.input_terminated"])

    def test_a_poll_has_its_method_and_its_path_decoded(self) -> None:
        environ = self.assert_same(Sent(polling(b"Content-Length: 2", b"Content-Type: application/json")))

        self.assertEqual("POST", environ["REQUEST_METHOD"])
        self.assertEqual("/chat/0/sü/xhr", environ["PATH_INFO"].encode("latin-1").decode())

    def test_the_body_is_the_chats_and_the_input_is_empty(self) -> None:
        for framing in (b"Content-Length: 2", b"Transfer-Encoding: chunked"):
            body = b"2\r\n[]\r\n0\r\n\r\n" if b"chunked" in framing else b"[]"
            sent = Sent(polling(framing, b"Content-Type: text/plain").removesuffix(b"[]") + body)

            self.assert_same(sent)
            self.assertEqual(b"", sent.connection["wsgi.input"].read())
            self.assertEqual(set(), {"CONTENT_TYPE", "CONTENT_LENGTH", "mixsvc.holds"} & set(sent.connection))

    def test_cookies_of_several_lines_are_joined_as_for_a_view(self) -> None:
        environ = self.assert_same(Sent(websocket(b"Cookie: a=1", b"Cookie: b=2", b"X-A: 1", b"X-A: 2")))

        self.assertEqual(("a=1; b=2", "1,2"), (environ["HTTP_COOKIE"], environ["HTTP_X_A"]))

    def test_a_trusted_proxy_says_who_the_client_is_and_how_it_came(self) -> None:
        settings = Settings(server=ServerSettings(trusted_proxies=network.proxies("192.0.2.7")))
        forwarded = (b"X-Forwarded-For: 203.0.113.1", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: a.example")
        environ = self.assert_same(Sent(websocket(*forwarded), settings))

        self.assertEqual(("203.0.113.1", "https"), (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]))
        self.assertEqual("a.example", environ["SERVER_NAME"])

    def test_the_prefix_that_a_trusted_proxy_has_removed_begins_the_script_name(self) -> None:
        settings = Settings(server=ServerSettings(trusted_proxies=network.proxies("192.0.2.7")))
        environ = self.assert_same(Sent(websocket(b"X-Forwarded-Prefix: /mix/"), settings))

        self.assertEqual(("/mix", "/chat/websocket"), (environ["SCRIPT_NAME"], environ["PATH_INFO"]))
        self.assertEqual("/mix", environ[REMOVED_PREFIX])
        self.assertNotIn(REMOVED_PREFIX, self.assert_same(Sent(websocket(b"X-Forwarded-Prefix: /mix"))))

    def test_the_scheme_of_an_encrypted_connection_is_https(self) -> None:
        self.assertEqual("https", self.assert_same(Sent(websocket(), wire=tls_wire))["wsgi.url_scheme"])

    def test_a_unix_socket_has_a_port_by_its_scheme(self) -> None:
        unix = UNIXAddress("/run/x.sock")
        environ = self.assert_same(Sent(websocket(), peer=unix, host=unix))

        self.assertEqual(("", "80"), (environ["REMOTE_ADDR"], environ["SERVER_PORT"]))

    def test_an_ipv6_host_keeps_its_brackets(self) -> None:
        address = IPv6Address("TCP", "2001:db8::1", 8443)
        data = websocket().replace(b"chat.example:8080", b"[2001:db8::1]:8443")
        environ = self.assert_same(Sent(data, peer=address, host=address))

        self.assertEqual("[2001:db8::1]", environ["SERVER_NAME"])

    def test_without_a_host_the_name_is_the_sockets(self) -> None:
        data = polling(b"Content-Length: 2").replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host: chat.example\r\n", b"")
        environ = self.assert_same(Sent(data, host=IPv4Address("TCP", "127.0.0.1", 80)))

        self.assertEqual("127.0.0.1", environ["SERVER_NAME"])

    def test_a_header_with_an_underscore_is_left_out(self) -> None:
        environ = self.assert_same(Sent(websocket(b"X_Forwarded_For: 203.0.113.1", b"X_User: root")))

        self.assertEqual([], [key for key in environ if "FORWARDED" in key or "USER" in key])

    def test_each_connection_has_a_log_of_its_own_for_errors(self) -> None:
        sent = Sent(websocket())

        self.assertIs(type(sent.view["wsgi.errors"]), type(sent.connection["wsgi.errors"]))
        self.assertIsNot(sent.view["wsgi.errors"], sent.connection["wsgi.errors"])

    def test_an_encoded_path_is_decoded_for_both(self) -> None:
        for target in (b"/chat/websocke%74", b"/%63hat/0/a%20b%2Fc/web%73ocket", b"http://h/chat/0/%zz/websocket?%41"):
            environ = self.assert_same(Sent(websocket(target=target)))

            self.assertTrue(environ["PATH_INFO"].startswith("/chat/"))
            self.assertTrue(environ["PATH_INFO"].endswith("/websocket"))

    @given(RANDOM_TARGETS, RANDOM_HEADERS)
    def test_any_head_is_the_same_for_both(self, target: bytes, headers: list[bytes]) -> None:
        server = ServerSettings(trusted_proxies=network.proxies("192.0.2.7"))
        # So that the view is run whatever the Origin.
        settings = Settings(server=server, chat=ChatSettings(origins=("*",)))

        self.assert_same(Sent(websocket(*headers, target=target), settings))
