"""The site: bodies over the limit, hosts, the number of connections, the tree, and the orderly end."""

import re
import resource

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request

from mixsvc.config.network import proxies
from mixsvc.config.settings import ServerSettings, Settings, WebSettings
from mixsvc.http.channel import LINGER_SECONDS, MixChannel
from mixsvc.http.routing import Root
from mixsvc.http.site import MAX_REFUSED_AT_ONCE, MixSite, connection_limit
from tests.http.memory_site import REQUEST, Echo, MemoryTLSTransport, MemoryTransport, connect, make_site
from txsockjs.factory import SockJSResource


class SiteTestCase(SynchronousTestCase):
    """A site that takes bodies of 10 bytes and answers for any host."""

    server = ServerSettings()

    def setUp(self) -> None:
        self.clock = Clock()
        self.echo = Echo()
        self.site = make_site(self.clock, self.echo, self.server, WebSettings(max_body=10))
        self.addCleanup(self.leave)

    def leave(self) -> None:
        """Every client is gone."""
        for channel in list(self.site.channels):
            channel.connectionLost(Failure(ConnectionDone()))

    def connect(self) -> tuple[MixChannel, MemoryTransport]:
        return connect(self.site)

    def response_to(self, data: bytes) -> bytes:
        channel, transport = self.connect()
        channel.dataReceived(data)
        written: bytes = transport.value()
        return written


class SiteTests(SiteTestCase):
    """Bodies, responses and the end of a connection."""

    def post(self, body: bytes, headers: bytes = b"") -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n" % (len(body), headers)
        return self.response_to(head + body)

    def chunked(self, *chunks: bytes) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        return self.response_to(
            head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
        )

    def test_a_body_of_the_limit_passes(self) -> None:
        assert self.post(b"0123456789").endswith(b"0123456789")

    def test_one_byte_more_is_refused(self) -> None:
        answer = self.post(b"0123456789A")

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"this server takes 10 bytes" in answer

    def test_a_body_that_is_too_long_is_refused_before_100_continue(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"

        assert b"100 Continue" not in self.response_to(head)

    def test_a_chunked_body_is_counted(self) -> None:
        assert self.chunked(b"01234", b"56789").endswith(b"0123456789")
        assert self.chunked(b"01234", b"56789", b"A").startswith(b"HTTP/1.1 413 ")

    def test_a_length_of_5000_digits_is_refused(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\n"

        assert self.response_to(head).startswith(b"HTTP/1.1 413 ")

    def test_a_line_that_is_too_long_is_refused_with_its_status(self) -> None:
        assert self.response_to(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 414 ")
        assert self.response_to(REQUEST[:-2] + b"X: " + b"a" * 20_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")

    def test_a_request_is_refused_once_and_nothing_behind_it_is_read(self) -> None:
        channel, transport = self.connect()
        channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")

        channel.dataReceived(b"x" * 11 + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert transport.value().count(b"HTTP/1.1") == 1

    def test_a_refused_client_may_go_on_for_a_while_so_that_it_sees_the_answer(self) -> None:
        channel, transport = self.connect()
        channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
        for _ in range(LINGER_SECONDS - 1):
            self.clock.advance(1)
            channel.dataReceived(b"x")
        assert not transport.disconnecting

        self.clock.advance(1)

        assert transport.disconnecting

    def test_stopping_closes_idle_connections_at_once(self) -> None:
        _, transport = self.connect()

        self.site.finish_up()

        assert transport.disconnecting

    def test_stopping_lets_the_request_in_flight_be_answered(self) -> None:
        channel, transport = self.connect()
        channel.dataReceived(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        self.site.finish_up()
        assert not transport.disconnecting

        self.echo.waiting[0].write(b"at last")
        self.echo.waiting[0].finish()

        assert b"at last" in transport.value()
        assert transport.disconnecting

    def test_stopping_handles_no_pipelined_request(self) -> None:
        channel, transport = self.connect()
        channel.dataReceived(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        self.site.finish_up()

        self.echo.waiting[0].finish()

        assert len(self.echo.waiting) == 1

    def test_emptied_waits_for_the_last_connection(self) -> None:
        channel, _ = self.connect()
        emptied: Deferred[None] = self.site.emptied()
        self.assertNoResult(emptied)

        channel.connectionLost(Failure(ConnectionDone()))

        self.successResultOf(emptied)

    def test_a_site_without_connections_is_empty(self) -> None:
        self.successResultOf(self.site.emptied())

    def test_the_log_gets_the_seconds_from_the_first_byte_to_the_end_of_the_response(self) -> None:
        told: list[float] = []
        self.site.on_answer = lambda request, seconds: told.append(seconds)
        channel, _ = self.connect()
        channel.dataReceived(REQUEST[:-1])
        self.clock.advance(2)

        channel.dataReceived(REQUEST[-1:])

        assert told == [2]

    def test_refused_requests_are_counted_by_status(self) -> None:
        self.response_to(b"GET / HTTP/1.1\r\n\r\n")
        self.post(b"0123456789A")

        assert self.site.refused == {"400": 1, "413": 1}

    def test_the_host_of_an_absolute_url_counts(self) -> None:
        self.response_to(b"GET http://other:81/later?a=b HTTP/1.1\r\nHost: x\r\n\r\n")

        request = self.echo.waiting[0]
        assert (request.path, request.args, request.getHeader(b"host")) == (b"/later", {b"a": [b"b"]}, b"other:81")

    def test_options_for_the_server_itself_are_answered(self) -> None:
        assert self.response_to(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200 ")

    def test_strict_transport_security_is_not_sent_by_default(self) -> None:
        assert b"strict-transport" not in self.response_to(REQUEST).lower()

    def test_tls_does_not_negotiate_http_2(self) -> None:
        assert self.site.acceptableProtocols() == [b"http/1.1"]


class HostTests(SiteTestCase):
    """A site for two hosts, which asks browsers to stay with TLS."""

    server = ServerSettings(hosts=("example.org", "*.example.net"), hsts=3600)

    def status(self, host: bytes, path: bytes = b"/") -> int:
        return int(self.response_to(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")[9:12])

    def test_its_hosts_are_answered_on_any_port(self) -> None:
        assert self.status(b"example.org") == self.status(b"Example.org:8080") == self.status(b"a.example.net") == 200

    def test_others_are_misdirected(self) -> None:
        assert self.status(b"evil.example") == self.status(b"127.0.0.1") == self.status(b"a.example.org") == 421
        assert self.echo.seen == []
        assert self.site.refused["421"] == 3

    def test_the_host_of_an_absolute_url_is_checked_not_the_header(self) -> None:
        assert self.status(b"example.org", b"http://evil.example/") == 421

    def test_the_log_shows_no_name_of_a_chat_session_of_a_misdirected_request(self) -> None:
        chat = SockJSResource(Factory.forProtocol(Protocol), None, self.clock)
        self.site = make_site(self.clock, Root(self.echo, chat, "/chat"), self.server)
        logged: list[bytes] = []
        self.site.on_answer = lambda request, seconds: logged.append(request.uri)

        for path in (b"/chat/0/secret/xhr", b"/%63hat/0/s%65cret/eventsource?a=b", b"/shop/0/secret"):
            assert self.status(b"evil.example", path) == 421

        assert re.fullmatch(rb"/chat/0/~[0-9a-f]{8}/xhr", logged[0])
        assert re.fullmatch(rb"/%63hat/0/~[0-9a-f]{8}/eventsource[?]a=b", logged[1])
        assert logged[2:] == [b"/shop/0/secret"]

    def test_a_request_without_a_host_is_misdirected(self) -> None:
        assert b" 421 " in self.response_to(b"GET / HTTP/1.0\r\n\r\n")

    def test_a_misdirected_request_does_not_end_the_connection(self) -> None:
        answer = self.response_to(REQUEST + REQUEST.replace(b"x", b"example.org"))

        assert (answer.count(b" 421 "), answer.count(b" 200 ")) == (1, 1)

    def test_over_tls_strict_transport_security_is_sent(self) -> None:
        channel, transport = connect(self.site, MemoryTLSTransport)
        channel.dataReceived(REQUEST.replace(b"x", b"example.org"))

        assert b"Strict-Transport-Security: max-age=3600\r\n" in transport.value()
        assert b"Strict-Transport" not in self.response_to(REQUEST.replace(b"x", b"example.org"))


class ProxyTests(SiteTestCase):
    """A site behind a trusted proxy, which asks browsers to stay with TLS."""

    server = ServerSettings(trusted_proxies=proxies("192.168.1.1"), hsts=3600)

    def test_a_client_that_speaks_tls_with_the_proxy_counts_as_secure(self) -> None:
        forwarded = REQUEST[:-2] + b"X-Forwarded-Proto: https\r\n\r\n"

        assert b"Strict-Transport-Security" in self.response_to(forwarded)
        assert self.echo.seen[0].isSecure()

    def test_one_that_does_not_is_not_secure(self) -> None:
        assert b"Strict-Transport-Security" not in self.response_to(REQUEST)
        assert not self.echo.seen[0].isSecure()


class RoomTests(SiteTestCase):
    """A site for three connections."""

    server = ServerSettings(max_connections=3)

    def busy(self) -> tuple[MixChannel, MemoryTransport]:
        channel, transport = self.connect()
        channel.dataReceived(REQUEST.replace(b" / ", b" /later "))
        return channel, transport

    def test_the_connection_that_was_idle_longest_makes_room(self) -> None:
        first, first_transport = self.connect()
        _, second_transport = self.connect()
        self.busy()
        first.dataReceived(REQUEST)

        _, newcomer = self.connect()

        assert (first_transport.disconnecting, second_transport.disconnecting) == (False, True)
        assert not newcomer.disconnecting
        assert self.site.refused["evicted"] == 1

    def test_each_new_connection_closes_the_oldest_idle_one(self) -> None:
        transports = [self.connect()[1] for _ in range(7)]

        assert [transport.disconnecting for transport in transports] == [True] * 4 + [False] * 3

    def test_a_new_connection_is_refused_if_none_is_idle(self) -> None:
        others = [self.busy() for _ in range(3)]

        channel, transport = self.connect()
        channel.dataReceived(REQUEST)

        assert transport.value().startswith(b"HTTP/1.1 503 ")
        assert not any(other.disconnecting for _, other in others)
        self.clock.pump([1] * LINGER_SECONDS)
        assert transport.disconnecting

    def test_connections_far_over_the_limit_are_aborted_without_a_response(self) -> None:
        crowd = [self.busy() for _ in range(3 + MAX_REFUSED_AT_ONCE)]

        _, transport = self.connect()

        assert (transport.aborted, transport.value()) == (True, b"")
        assert not crowd[0][1].disconnecting

    def test_a_connection_that_is_lost_leaves_its_room(self) -> None:
        others = [self.busy() for _ in range(3)]
        others[0][1].connected = False
        others[0][0].connectionLost(Failure(ConnectionDone()))

        _, transport = self.connect()

        assert transport.value() == b""

    def test_an_upgraded_connection_still_counts(self) -> None:
        others = [self.busy() for _ in range(3)]
        others[0][0].requests.clear()
        others[0][0].connectionLost(Failure(ConnectionDone()))

        _, transport = self.connect()

        assert transport.value().startswith(b"HTTP/1.1 503 ")

    def test_an_upgraded_connection_that_is_lost_no_longer_counts(self) -> None:
        others = [self.busy() for _ in range(3)]
        others[0][0].connectionLost(Failure(ConnectionDone()))
        others[0][1].connected = False
        self.clock.advance(1)

        _, transport = self.connect()

        assert transport.value() == b""

    def test_there_are_never_more_than_files_may_be_open(self) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)

        assert connection_limit(5) == 5
        assert connection_limit(10**9) < files


class RootTests(SynchronousTestCase):
    """Where requests go."""

    def goes_to(self, path: str, prefix: str = "/chat") -> tuple[str, list[bytes], list[bytes]]:
        pages, chat = Echo(), Echo()
        site = MixSite(Clock(), Root(pages, chat, prefix), Settings())
        channel = site.buildProtocol(None)
        assert isinstance(channel, MixChannel)
        channel.makeConnection(StringTransport())
        request = Request(channel, False)
        request.prepath = []
        request.postpath = [segment.encode() for segment in path[1:].split("/")]
        found = site.getResourceFor(request)
        return "chat" if found is chat else "pages", request.prepath, request.postpath

    def test_the_chat_gets_its_prefix_and_all_below(self) -> None:
        assert self.goes_to("/chat") == ("chat", [b"chat"], [])
        assert self.goes_to("/chat/") == ("chat", [b"chat"], [b""])
        assert self.goes_to("/chat/1/2/xhr") == ("chat", [b"chat"], [b"1", b"2", b"xhr"])

    def test_the_application_gets_every_other_path_as_a_whole(self) -> None:
        assert self.goes_to("/") == ("pages", [], [b""])
        assert self.goes_to("/chatter/x") == ("pages", [], [b"chatter", b"x"])

    def test_a_prefix_may_have_several_segments(self) -> None:
        assert self.goes_to("/live/chat/info", "/live/chat") == ("chat", [b"live", b"chat"], [b"info"])
        assert self.goes_to("/live/x", "/live/chat") == ("pages", [], [b"live", b"x"])
