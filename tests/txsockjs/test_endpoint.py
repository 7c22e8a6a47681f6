"""The endpoint description `sockjs:`."""

from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.txsockjs.fakes import Apps
from txsockjs._protocol.errors import BadOption
from txsockjs._protocol.options import Options
from txsockjs.endpoint import SockJSEndpoint
from txsockjs.factory import SockJSFactory


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()

    def options(self, description: str) -> Options:
        self.successResultOf(serverFromString(self.reactor, description).listen(Apps()))
        site = self.reactor.tcpServers[-1][1]
        assert isinstance(site, SockJSFactory)
        options: Options = site.resource._service.options
        return options


class ParserTests(Case):
    def test_it_is_a_plugin(self) -> None:
        (parser,) = [each for each in getPlugins(IStreamServerEndpointStringParser) if each.prefix == "sockjs"]

        verifyObject(IPlugin, parser)
        verifyObject(IStreamServerEndpointStringParser, parser)

    def test_it_makes_an_endpoint(self) -> None:
        endpoint = serverFromString(self.reactor, "sockjs:tcp:9090")

        self.assertIsInstance(endpoint, SockJSEndpoint)
        verifyObject(IStreamServerEndpoint, endpoint)

    def test_the_readmes_example_listens_where_it_says(self) -> None:
        options = self.options("sockjs:tcp:9090:interface=0.0.0.0:sockjs_encoding=utf8")

        port, _, _, interface = self.reactor.tcpServers[-1]
        self.assertEqual((port, interface, options.encoding), (9090, "0.0.0.0", "utf8"))

    def test_colons_may_be_escaped(self) -> None:
        options = self.options(r"sockjs:tcp:9090:interface=\:\::sockjs_sockjs_url=http\://a.example/sockjs.js")

        self.assertEqual(self.reactor.tcpServers[-1][3], "::")
        self.assertEqual(options.sockjs_url, "http://a.example/sockjs.js")

    def test_its_clock_is_the_reactor(self) -> None:
        self.options("sockjs:tcp:9090")

        site = self.reactor.tcpServers[-1][1]
        assert isinstance(site, SockJSFactory)
        self.assertIs(site.resource._service.registry.clock, self.reactor)


class OptionTests(Case):
    def test_truths_are_yes_and_no_in_their_many_forms(self) -> None:
        for word, value in (("yes", True), ("True", True), ("1", True), ("on", True), ("no", False), ("0", False)):
            self.assertIs(self.options(f"sockjs:tcp:1:sockjs_cookie_needed={word}").cookie_needed, value)

    def test_numbers_are_numbers(self) -> None:
        options = self.options("sockjs:tcp:1:sockjs_heartbeat=2.5:sockjs_timeout=7:sockjs_streaming_limit=4096")

        self.assertEqual((options.heartbeat, options.timeout, options.streaming_limit), (2.5, 7, 4096))
        self.assertTrue(options.websocket)

    def test_text_is_text(self) -> None:
        self.assertEqual(self.options("sockjs:tcp:1:sockjs_proxy_header=X-Real-IP").proxy_header, "X-Real-IP")

    def test_origins_are_a_list(self) -> None:
        options = self.options(r"sockjs:tcp:1:sockjs_origins=self,https\://a.example")

        self.assertEqual(options.origins, {"self", "https://a.example"})

    def test_a_mistake_shows_when_the_description_is_read(self) -> None:
        for words, says in (
            ("sockjs_websocket=maybe", "sockjs_websocket=maybe is not valid: give yes or no"),
            ("sockjs_heartbeat=often", "sockjs_heartbeat=often is not valid: give a number"),
            ("sockjs_heartbeat=0", "a number above 0"),
            ("sockjs_nothing=1", "there is no option 'nothing'"),
        ):
            error = self.assertRaises(BadOption, serverFromString, self.reactor, f"sockjs:tcp:1:{words}")
            self.assertIn(says, str(error))
