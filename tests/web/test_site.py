"""The site: bodies over the limit, the tree, and the orderly end."""

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from mixsvc.settings import ServerSettings, Settings, WebSettings
from mixsvc.web.site import LINGER_SECONDS, MixChannel, MixSite
from mixsvc.web.tree import Root


class Echo(Resource):
    """Answers with the body it got; under /later only when told."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.waiting: list[Request] = []

    def render(self, request: Request) -> bytes | int:
        if request.path == b"/later":
            self.waiting.append(request)
            return NOT_DONE_YET
        assert request.content is not None
        answer: bytes = request.content.read()
        return answer or b"nothing"


class Wire(StringTransport):
    """A transport that notes the half-close and can be lost."""

    write_closed = False

    def loseWriteConnection(self) -> None:
        self.write_closed = True


class SiteTests(SynchronousTestCase):
    """A site that takes bodies of 10 bytes."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.echo = Echo()
        settings = Settings(web=WebSettings(max_body=10), server=ServerSettings())
        self.site = MixSite(self.clock, self.echo, settings)
        self.site.doStart()
        self.addCleanup(self.site.doStop)

    def connect(self) -> tuple[MixChannel, Wire]:
        channel = self.site.buildProtocol(None)
        assert isinstance(channel, MixChannel)
        wire = Wire()
        channel.makeConnection(wire)
        return channel, wire

    def said(self, data: bytes) -> bytes:
        channel, wire = self.connect()
        channel.dataReceived(data)
        said: bytes = wire.value()
        return said

    def post(self, body: bytes, headers: bytes = b"") -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n" % (len(body), headers)
        return self.said(head + body)

    def chunked(self, *chunks: bytes) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        return self.said(head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n")

    def test_a_body_of_the_limit_passes(self) -> None:
        assert self.post(b"0123456789").endswith(b"0123456789")

    def test_one_byte_more_is_refused(self) -> None:
        answer = self.post(b"0123456789A")

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"this server takes 10 bytes" in answer

    def test_it_is_refused_before_the_client_is_told_to_send_it(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"

        assert b"100 Continue" not in self.said(head)

    def test_a_chunked_body_is_counted(self) -> None:
        assert self.chunked(b"01234", b"56789").endswith(b"0123456789")
        assert self.chunked(b"01234", b"56789", b"A").startswith(b"HTTP/1.1 413 ")

    def test_a_length_of_absurdly_many_digits_is_refused(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\n"

        assert self.said(head).startswith(b"HTTP/1.1 413 ")

    def test_a_line_that_is_too_long_is_answered(self) -> None:
        assert self.said(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 431 ")

    def test_a_refusal_is_said_once_and_nothing_after_it_is_read(self) -> None:
        channel, wire = self.connect()
        channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")

        channel.dataReceived(b"x" * 11 + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert wire.value().count(b"HTTP/1.1") == 1

    def test_a_refused_client_may_go_on_for_a_while_so_that_it_sees_the_answer(self) -> None:
        channel, wire = self.connect()
        channel.dataReceived(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
        for _ in range(LINGER_SECONDS - 1):
            self.clock.advance(1)
            channel.dataReceived(b"x")
        assert not wire.disconnecting

        self.clock.advance(1)

        assert wire.disconnecting

    def test_stopping_closes_idle_connections_at_once(self) -> None:
        _, wire = self.connect()

        self.site.finish_up()

        assert wire.disconnecting

    def test_stopping_lets_the_request_in_flight_be_answered(self) -> None:
        channel, wire = self.connect()
        channel.dataReceived(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        self.site.finish_up()
        assert not wire.disconnecting

        self.echo.waiting[0].write(b"at last")
        self.echo.waiting[0].finish()

        assert b"at last" in wire.value()
        assert wire.disconnecting

    def test_a_request_pipelined_behind_it_is_not_begun(self) -> None:
        channel, wire = self.connect()
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

    def test_the_prefix_and_what_is_below_it_are_the_chats(self) -> None:
        assert self.goes_to("/chat") == ("chat", [b"chat"], [])
        assert self.goes_to("/chat/") == ("chat", [b"chat"], [b""])
        assert self.goes_to("/chat/1/2/xhr") == ("chat", [b"chat"], [b"1", b"2", b"xhr"])

    def test_everything_else_is_the_applications_with_its_whole_path(self) -> None:
        assert self.goes_to("/") == ("pages", [], [b""])
        assert self.goes_to("/chatter/x") == ("pages", [], [b"chatter", b"x"])

    def test_a_prefix_may_have_several_segments(self) -> None:
        assert self.goes_to("/live/chat/info", "/live/chat") == ("chat", [b"live", b"chat"], [b"info"])
        assert self.goes_to("/live/x", "/live/chat") == ("pages", [], [b"live", b"x"])
