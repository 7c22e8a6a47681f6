"""The endpoint description `sockjs:`."""

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site
from zope.interface.verify import verifyObject

from tests.txsockjs.fakes import Apps
from txsockjs._protocol.errors import BadOption
from txsockjs.endpoint import SockJSEndpoint
from txsockjs.factory import SockJSFactory
from txsockjs.testing import MemoryResponse, MemoryTransport


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.apps = Apps()

    def listen(self, description: str) -> Site:
        """The site that listens on the endpoint."""
        self.successResultOf(serverFromString(self.reactor, description).listen(self.apps))
        site = self.reactor.tcpServers[-1][1]
        assert isinstance(site, SockJSFactory)
        return site

    def request(self, site: Site, line: str, *headers: str) -> MemoryResponse:
        transport = MemoryTransport(site)
        head = [f"{line} HTTP/1.1", "Host: localhost", "Content-Length: 0", *headers, "", ""]
        transport.receive("\r\n".join(head).encode())
        self.reactor.advance(0)
        return MemoryResponse(transport)


class ParserTests(Case):
    def test_it_is_a_plugin(self) -> None:
        (parser,) = [each for each in getPlugins(IStreamServerEndpointStringParser) if each.prefix == "sockjs"]

        verifyObject(IPlugin, parser)
        verifyObject(IStreamServerEndpointStringParser, parser)

    def test_it_makes_an_endpoint(self) -> None:
        endpoint = serverFromString(self.reactor, "sockjs:tcp:9090")

        self.assertIsInstance(endpoint, SockJSEndpoint)
        verifyObject(IStreamServerEndpoint, endpoint)

    def test_the_documented_example_listens_where_it_says(self) -> None:
        site = self.listen("sockjs:tcp:9090:interface=0.0.0.0:sockjs_encoding=utf8")

        port, _, _, interface = self.reactor.tcpServers[-1]
        stream = self.request(site, "POST /0/s/xhr_streaming")
        # With the default encoding, cp1252, this would be an e with an acute accent.
        self.apps.last.transport.write(b"\xe9")
        self.reactor.advance(0)
        self.assertEqual((port, interface, stream.chunks[-1]), (9090, "0.0.0.0", b'a["\\ufffd"]\n'))

    def test_colons_may_be_escaped(self) -> None:
        site = self.listen(r"sockjs:tcp:9090:interface=\:\::sockjs_sockjs_url=http\://a.example/sockjs.js")

        self.assertEqual(self.reactor.tcpServers[-1][3], "::")
        self.assertIn(b'<script src="http://a.example/sockjs.js">', self.request(site, "GET /iframe.html").body)

    def test_its_clock_is_the_reactor(self) -> None:
        stream = self.request(self.listen("sockjs:tcp:9090"), "POST /0/s/xhr_streaming")

        self.reactor.advance(26)

        self.assertEqual(stream.chunks[-1], b"h\n")


class OptionTests(Case):
    def test_truths_are_yes_and_no_in_their_many_forms(self) -> None:
        for word, value in (("yes", True), ("True", True), ("1", True), ("on", True), ("no", False), ("0", False)):
            response = self.request(self.listen(f"sockjs:tcp:1:sockjs_cookie_needed={word}"), "POST /0/s/xhr")

            self.assertEqual("set-cookie" in response.headers, value, word)

    def test_numbers_are_numbers(self) -> None:
        site = self.listen("sockjs:tcp:1:sockjs_heartbeat=2.5:sockjs_timeout=7:sockjs_streaming_limit=4096")
        stream = self.request(site, "POST /0/s/xhr_streaming")

        self.reactor.advance(2.5)
        beat = stream.chunks[-1]
        self.apps.last.transport.write("x" * 4096)
        self.reactor.advance(0)
        self.assertEqual((beat, stream.is_ended), (b"h\n", True))
        self.reactor.advance(6.9)
        self.assertEqual(self.apps.last.reasons, [])
        self.reactor.advance(0.2)
        self.assertEqual(len(self.apps.last.reasons), 1)

    def test_text_is_text(self) -> None:
        site = self.listen("sockjs:tcp:1:sockjs_proxy_header=X-Real-IP")

        self.request(site, "POST /0/s/xhr", "X-Real-IP: 192.0.2.77")

        self.assertEqual(getattr(self.apps.last.transport.getPeer(), "host", None), "192.0.2.77")

    def test_origins_are_a_list(self) -> None:
        site = self.listen(r"sockjs:tcp:1:sockjs_origins=self,https\://a.example")
        origins = ("http://localhost", "https://a.example", "https://b.example")

        statuses = [self.request(site, "POST /0/s/xhr_send", f"Origin: {origin}").status for origin in origins]

        # An allowed origin gets the answer that there is no such session.
        self.assertEqual(statuses, [404, 404, 403])

    def test_a_mistake_shows_when_the_description_is_read(self) -> None:
        for words, says in (
            ("sockjs_websocket=maybe", "websocket=maybe of sockjs: is not valid: give yes or no"),
            ("sockjs_heartbeat=often", "heartbeat=often of sockjs: is not valid: give a number"),
            ("sockjs_heartbeat=0", "a number above 0"),
            ("sockjs_nothing=1", "there is no option 'nothing'"),
        ):
            error = self.assertRaises(BadOption, serverFromString, self.reactor, f"sockjs:tcp:1:{words}")
            self.assertIn(says, str(error))


class EscapedTests(Case):
    """The form that txsockjs 1.2.2 documented: the endpoint is one escaped part, and the parameters are options."""

    def test_the_form_of_1_2_2_listens_where_it_says_with_its_options(self) -> None:
        site = self.listen(r"sockjs:tcp\:9090\:interface\=0.0.0.0:encoding=utf8:websocket=false")

        port, _, _, interface = self.reactor.tcpServers[-1]
        stream = self.request(site, "POST /0/s/xhr_streaming")
        self.apps.last.transport.write(b"\xe9")
        self.reactor.advance(0)
        self.assertEqual((port, interface, stream.chunks[-1]), (9090, "0.0.0.0", b'a["\\ufffd"]\n'))
        self.assertIn(b'"websocket":false', self.request(site, "GET /info").body.replace(b" ", b""))

    def test_an_escaped_endpoint_needs_no_options(self) -> None:
        site = self.listen(r"sockjs:tcp\:8080")

        self.assertEqual(self.reactor.tcpServers[-1][0], 8080)
        self.assertIn(b'"websocket":true', self.request(site, "GET /info").body.replace(b" ", b""))

    def test_what_the_endpoint_escapes_is_escaped_twice(self) -> None:
        self.listen(r"sockjs:tcp\:9090\:interface\=\\\:\\\:1")

        self.assertEqual(self.reactor.tcpServers[-1][3], "::1")

    def test_options_may_have_their_long_names_there(self) -> None:
        site = self.listen(r"sockjs:tcp\:9090:sockjs_websocket=no")

        self.assertIn(b'"websocket":false', self.request(site, "GET /info").body.replace(b" ", b""))

    def test_every_option_of_1_2_2_is_one(self) -> None:
        site = self.listen(
            r"sockjs:tcp\:1:websocket=True:cookie_needed=False:heartbeat=25:timeout=5:streaming_limit=131072"
            r":encoding=cp1252:sockjs_url=https\://a.example/sockjs.js:proxy_header=X-Real-IP"
        )

        self.assertIn(b'<script src="https://a.example/sockjs.js">', self.request(site, "GET /iframe.html").body)

    def test_a_mistake_is_told(self) -> None:
        for words, says in (
            ("interface=0.0.0.0", "there is no option 'interface'"),
            ("websocket=maybe", "give yes or no"),
            ("backlog", "'backlog' behind the escaped endpoint 'tcp:1'"),
        ):
            error = self.assertRaises(BadOption, serverFromString, self.reactor, rf"sockjs:tcp\:1:{words}")
            self.assertIn(says, str(error))
