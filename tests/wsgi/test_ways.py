"""Requests that take the short way (mixsvc.http.page_request) get what they would get on the long one, byte by byte."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request
from zope.interface import alsoProvides

from mixsvc.config import network
from mixsvc.config.settings import ServerSettings, Settings, WebSettings
from mixsvc.http.page_request import PageRequest
from mixsvc.http.routing import Root
from mixsvc.http.site import MixSite
from mixsvc.operations.access_log import combined, json_line
from mixsvc.operations.pages import PagesBefore
from mixsvc.operations.traffic import Traffic
from mixsvc.wsgi.response import WHOLE_BYTES
from tests.e2e.support.heads import HEADS, REFUSED
from tests.wsgi.inline import LongOnly, Served, Wire

# What differs from object to object, and what the clock says.
OBJECTS: Final = ("wsgi.input", "wsgi.errors")
DATE: Final = re.compile(rb"Date: [^\r]*\r\n")

PEERS: Final = {
    "tcp": lambda: Wire(IPv4Address("TCP", "192.0.2.7", 40000)),
    "proxy": lambda: Wire(IPv4Address("TCP", "10.0.0.1", 40000)),
    "unix": lambda: Wire(UNIXAddress(None), UNIXAddress("/run/x.sock")),
    "tls": lambda: tls(),
}


def tls() -> Wire:
    wire = Wire()
    alsoProvides(wire, ISSLTransport)
    return wire


class Text(Resource):
    """Stands for the chat, or for a health page."""

    isLeaf = True

    def render(self, request: Request) -> bytes:
        return b"%b %b" % (request.method, b"/".join(request.postpath or []))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Responds as the query says."""
    body = environ["wsgi.input"].read()
    kind = environ["QUERY_STRING"].partition("=")[0]
    status = "204 No Content" if kind == "empty" else "200 OK"
    headers = [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])]
    if kind == "own":
        headers += [("date", "then"), ("Server", "theirs"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    write = start_response(status, headers)
    if kind == "write":
        write(b"written ")
    if kind == "fail":
        raise ValueError("as the test wants")
    if kind == "stream":
        return iter([b"one", body, b"two"])
    if kind == "long":
        return [b"x" * (WHOLE_BYTES + 1)]
    return [] if kind == "empty" else [b"hello ", body]


class Outcome(NamedTuple):
    """What became of the bytes that a client sent. sent: without dates."""

    sent: bytes
    is_closed: bool
    logged: list[object]
    environs: list[dict[str, Any]]
    refused: dict[str, int]
    answers: dict[tuple[str, str, str], int]


class Ways:
    """The same application behind a site, whose requests may take the short way or not."""

    def __init__(self, server: ServerSettings, is_short: bool) -> None:
        self.environs: list[dict[str, Any]] = []
        self.logged: list[object] = []
        self.short = 0
        self.traffic = Traffic("/chat")
        served = Served(self._application, Settings(server=server, web=WebSettings(max_body=100_000)))
        root: Resource = PagesBefore({b"healthz": Text()}, Root(served.pages, Text(), "/chat"))
        self.site = MixSite(
            served.reactor,
            root if is_short else LongOnly(root),
            Settings(server=server, web=WebSettings(max_body=1000)),
        )
        self.site.on_answer = self._log
        served.site = self.site
        self.served = served

    def _application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.environs.append({key: value for key, value in environ.items() if key not in OBJECTS})
        return application(environ, start_response)

    def _log(self, request: Any, seconds: float) -> None:
        self.short += isinstance(request, PageRequest)
        self.traffic.answered(request, seconds)
        self.logged += [combined(request, 0, seconds), json_line(request, 0, seconds)]

    def outcome(self, parts: Sequence[bytes], peer: str) -> Outcome:
        """Send the parts one after the other; then the client leaves."""
        channel, wire = self.served.connect(PEERS[peer]())
        for part in parts:
            if not wire.disconnecting:
                channel.dataReceived(part)
        sent, is_closed = DATE.sub(b"", wire.value()), wire.disconnecting
        channel.connectionLost()
        answers = {labels: count for labels, count in self.traffic.answers.items() if count}
        return Outcome(sent, is_closed, self.logged, self.environs, dict(self.site.refused), answers)


SEGMENT: Final = st.sampled_from(
    b"a chat %63hat chat%2f chatroom healthz %68ealthz x;y %2e%2e .. %c3%bc %00 %zz % + ~".split() + [b"", b""]
)
PATHS: Final = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda each: b"/" + b"/".join(each))
QUERIES: Final = st.sampled_from(
    [b"", b"?", b"?empty", b"?own=%2F", b"?write", b"?fail", b"?stream", b"?long", b"?a?b", b"??own"]
)
PAGES: Final = st.builds(bytes.__add__, PATHS, QUERIES)
ODD_TARGETS: Final = st.sampled_from(
    [b"*", b"http://other.example/a?own", b"https://[::1]:8", b"a", b"http://a b/", b"/#"]
)
NAMES: Final = st.sampled_from(
    b"Accept accept X-A x_a Cookie cookie Connection connection Keep-Alive Referer User-Agent X-Forwarded-For "
    b"X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Prefix Content-Type".split()
)
ODD_NAMES: Final = st.sampled_from(b"Expect Upgrade Host Transfer-Encoding Content-Length".split())
VALUES: Final = st.sampled_from(
    b"a=b close x,close keep-alive upgrade 100-continue websocket chunked 3 x.example a.example:8 203.0.113.9 10.0.0.2 "
    b'https ws /p //p \xfc " \\ 70000 2000'.split()
    + [b"", b"\t a \t"]
)
FIELD: Final = st.builds(
    lambda name, value: name + b":" + value + b"\r\n", st.one_of([NAMES] * 9 + [ODD_NAMES]), VALUES
)
FIELDS: Final = st.lists(FIELD, max_size=5)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request, mostly a valid one."""
    method = draw(st.sampled_from(b"GET GET HEAD POST POST PUT OPTIONS get".split()))
    version = draw(st.sampled_from([b"1.1"] * 9 + [b"1.0", b"1.0", b"2.0"]))
    host = draw(st.sampled_from([b"Host: x.example\r\n", b"host:x.example:8\r\n", b"Host: a.example\r\n"]))
    body = draw(st.sampled_from([b"", b"", b"", b"abc", b"x" * 999, b"x" * 1001]))
    length = (
        draw(st.sampled_from([b"", b"Content-Length: %d\r\n" % len(body)]))
        if not body
        else (b"Content-Length: %d\r\n" % len(body))
    )
    line = b"%b %b HTTP/%b\r\n" % (method, draw(st.one_of([PAGES] * 5 + [ODD_TARGETS])), version)
    return line + host + b"".join(draw(FIELDS)) + length + b"\r\n" + body


@st.composite
def in_parts(draw: st.DrawFn) -> list[bytes]:
    """Requests one behind the other, cut at any places."""
    data = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if start < end]


SERVERS: Final = (
    ServerSettings(),
    ServerSettings(trusted_proxies=network.proxies("10.0.0.0/8 unix"), hsts=60),
    ServerSettings(trusted_proxies=network.proxies("10.0.0.0/8"), hosts=("x.example", "a.example")),
)
GET: Final = b"GET /a?own HTTP/1.1\r\nHost: x\r\n\r\n"


class WaysTests(SynchronousTestCase):
    """Both ways side by side."""

    def both(
        self, parts: Sequence[bytes], peer: str = "tcp", server: ServerSettings = SERVERS[0]
    ) -> tuple[Outcome, int]:
        """What becomes of the bytes on both ways, and how many requests took the short one."""
        short, long = Ways(server, is_short=True), Ways(server, is_short=False)
        found, expected = short.outcome(parts, peer), long.outcome(parts, peer)
        self.flushLoggedErrors(ValueError)
        assert not long.short
        assert found == expected
        return found, short.short

    @given(in_parts(), st.sampled_from(sorted(PEERS)), st.sampled_from(SERVERS))
    def test_random_requests_get_the_same_bytes_log_lines_and_environs(
        self, parts: list[bytes], peer: str, server: ServerSettings
    ) -> None:
        self.both(parts, peer, server)

    def test_hostile_and_unusual_requests_get_the_same(self) -> None:
        for data in (*HEADS, *(data for data, _ in REFUSED)):
            for peer in PEERS:
                self.both([data + GET], peer, SERVERS[1])

    def test_a_page_takes_the_short_way_and_the_chat_does_not(self) -> None:
        for target, is_short in (
            (b"/", True),
            (b"/chatroom", True),
            (b"/%63hatroom/chat", True),
            (b"/chat%2Fx", True),
            (b"//chat", True),
            (b"/healthz/", True),
            (b"/chat", False),
            (b"/chat/x", False),
            (b"/%63hat/x", False),
            (b"/healthz?x", False),
            (b"/%68ealthz", False),
        ):
            assert self.both([b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target])[1] == is_short, target

    def test_a_small_body_and_a_proxy_change_nothing(self) -> None:
        post = b"POST /a HTTP/1.1\r\nHost: inside\r\nX-Forwarded-Host: x.example\r\nContent-Length: 3\r\n\r\nabc"

        outcome, short = self.both([post * 2], "proxy", SERVERS[2])

        assert short == 2
        assert [(each["HTTP_HOST"], each["CONTENT_LENGTH"]) for each in outcome.environs] == [("x.example", "3")] * 2

    def test_who_wants_more_than_a_response_takes_the_long_way(self) -> None:
        for field in (b"Upgrade: x", b"Expect: 100-continue", b"Content-Length: 70000", b"Transfer-Encoding: chunked"):
            assert self.both([b"POST / HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % field])[1] == 0, field

    def test_a_long_response_becomes_one_of_the_long_way(self) -> None:
        for query in (b"stream", b"long", b"write"):
            outcome, short = self.both([GET.replace(b"own", query) * 2])

            assert (len(outcome.environs), short) == (2, 0)

    def test_a_client_that_leaves_is_logged_with_499(self) -> None:
        outcome, _ = self.both([GET + b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab"])

        assert len(outcome.environs) == 1
        assert len(outcome.logged) == 2
        for is_short in (True, False):
            ways = Ways(SERVERS[0], is_short)
            self.patch(ways.served.pool, "call_after_turn", lambda *args: None)
            outcome = ways.outcome([GET], "tcp")
            assert (outcome.sent, outcome.answers) == (b"", {("GET", "4xx", "pages"): 1})
            assert " 499 " in str(outcome.logged[0])

    def test_a_stop_lets_the_response_say_that_the_connection_ends(self) -> None:
        for is_short, query in ((True, b""), (True, b"?stream"), (False, b""), (False, b"?stream")):
            ways = Ways(SERVERS[0], is_short)
            begun: list[Callable[[], object]] = []
            self.patch(
                ways.served.pool, "call_after_turn", lambda f, *args, begun=begun: begun.append(lambda: f(*args))
            )
            channel, wire = ways.served.connect()
            channel.dataReceived(GET.replace(b"?own", query) * 2)
            ways.site.finish_up()
            begun.pop()()
            ways.served.reactor.turn()

            assert wire.value().count(b"\r\nConnection: close\r\n") == wire.value().count(b"HTTP/1.1 200 OK") == 1
            assert wire.disconnecting
            assert begun == []
