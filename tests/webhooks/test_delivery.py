"""One attempt over a real connection: what comes back, and that no receiver can hold it up."""

import gzip
import tracemalloc
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

from mixsvc.common.clocks import WallClock
from mixsvc.webhooks.delivery import MAX_ANSWER, MAX_BODY, Deliverer
from mixsvc.webhooks.schedule import Outcome, Verdict

Answer = Callable[[Request], Any]


class Receiver(Resource):
    """Answers each request as it is told to."""

    isLeaf = True

    def __init__(self, answer: Answer) -> None:
        untyped: Any = super()
        untyped.__init__()
        self.answer = answer
        self.got: list[tuple[bytes, bytes, bytes | None]] = []
        self.peers: list[object] = []
        self.hosts: list[bytes | None] = []

    def render_POST(self, request: Request) -> Any:
        assert request.content is not None
        self.got.append((request.uri, request.content.read(), request.getHeader(b"webhook-id")))
        self.peers.append(request.client)
        self.hosts.append(request.getHeader(b"host"))
        return self.answer(request)


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class Names:
    """A reactor for which each name is that of this machine."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.asked: list[str] = []
        self.nameResolver = self

    def resolveHostName(self, resolutionReceiver: Any, hostName: str, portNumber: int = 0, *more: Any) -> Any:
        self.asked.append(hostName)
        resolutionReceiver.resolutionBegan(None)
        resolutionReceiver.addressResolved(IPv4Address("TCP", "127.0.0.1", portNumber))
        resolutionReceiver.resolutionComplete()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)


def status(code: int, **headers: str) -> Answer:
    def answer(request: Request) -> bytes:
        request.setResponseCode(code)
        for name, value in headers.items():
            request.setHeader(name.replace("_", "-"), value)
        return b"thanks"

    return answer


class OneAnswer(Protocol):
    """Answers a request and keeps the connection, until the next one comes."""

    left = 1

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if self.left:
            self.left -= 1
            self.transport.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            self.transport.loseConnection()


class DeliveryTests(TestCase):
    timeout = 20

    async def deliver(self, answer: Answer, seconds: float = 5.0) -> Outcome:
        self.receiver = Receiver(answer)
        return await self.deliver_to(Site(self.receiver), seconds)

    async def deliver_to(self, factory: Any, seconds: float = 5.0, times: int = 1) -> Outcome:
        loop: Any = reactor
        port = loop.listenTCP(0, factory, interface="127.0.0.1")
        deliverer = Deliverer(reactor, seconds, WallClock(wall=lambda: 1_700_000_000.0))
        try:
            for _ in range(times):
                outcome = await deliverer.post(
                    f"http://127.0.0.1:{port.getHost().port}/in?x", {"webhook-id": "1"}, b"{}"
                )
            return outcome
        finally:
            await deliverer.close()
            await port.stopListening()

    async def test_a_delivery_arrives_with_its_headers_and_body(self) -> None:
        self.assertEqual(Outcome(Verdict.SENT), await self.deliver(status(202)))
        self.assertEqual([(b"/in?x", b"{}", b"1")], self.receiver.got)

    async def test_a_receiver_may_have_an_ipv6_address(self) -> None:
        self.receiver = Receiver(status(204))
        loop: Any = reactor
        port = loop.listenTCP(0, Site(self.receiver), interface="::1")
        self.addCleanup(port.stopListening)
        self.assertEqual(Verdict.SENT, (await self.post_once(f"http://[::1]:{port.getHost().port}/")).verdict)

    async def test_a_receiver_may_have_a_name_with_an_underscore(self) -> None:
        self.receiver = Receiver(status(204))
        loop: Any = reactor
        port = loop.listenTCP(0, Site(self.receiver), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        names = Names(reactor)
        url = f"http://my_service:{port.getHost().port}/"
        self.assertEqual(Verdict.SENT, (await self.post_once(url, names)).verdict)
        self.assertEqual(["my_service"], names.asked)
        self.assertEqual([f"my_service:{port.getHost().port}".encode()], self.receiver.hosts)

    async def test_a_host_that_cannot_be_asked_is_a_failure_in_plain_words(self) -> None:
        for url in ("http://ab--c/", "https://my_service/", "http://[::1%x]/"):
            outcome = await self.post_once(url)
            self.assertEqual(Outcome(Verdict.FAILED, "its host name is not valid"), outcome, url)

    async def post_once(self, url: str, loop: Any = reactor) -> Outcome:
        deliverer = Deliverer(loop, 5.0, WallClock())
        try:
            return await deliverer.post(url, {}, b"{}")
        finally:
            await deliverer.close()

    async def test_one_connection_serves_many_and_none_is_logged(self) -> None:
        self.receiver = Receiver(status(200))
        with capturedLogs() as events:
            await self.deliver_to(Site(self.receiver), times=3)
        self.assertEqual(1, len(set(map(str, self.receiver.peers))))
        self.assertEqual([], [each for each in events if "HTTP11Client" in str(each.get("log_format"))])

    async def test_what_a_receiver_closes_after_each_answer_is_sent_again_on_a_new_connection(self) -> None:
        self.assertEqual(Outcome(Verdict.SENT), await self.deliver_to(Factory.forProtocol(OneAnswer), times=2))

    async def test_what_breaks_on_a_new_connection_is_sent_once(self) -> None:
        made: list[OneAnswer] = []

        class Deaf(OneAnswer):
            left = 0

            def connectionMade(self) -> None:
                made.append(self)

        outcome = await self.deliver_to(Factory.forProtocol(Deaf))

        self.assertEqual((1, Verdict.FAILED), (len(made), outcome.verdict))

    async def test_redirects_are_not_followed(self) -> None:
        outcome = await self.deliver(status(307, location="/elsewhere"))
        self.assertEqual(Outcome(Verdict.FAILED, "it answered 307"), outcome)
        self.assertEqual(1, len(self.receiver.got))

    async def test_a_receiver_says_how_long_it_wants_to_be_left_alone(self) -> None:
        for text, seconds in (("7", 7.0), ("9" * 30, 86400.0), ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0), ("soon", 0.0)):
            outcome = await self.deliver(status(429, retry_after=text, date=""))
            self.assertEqual(seconds, outcome.retry_after, text)

    async def test_the_date_until_which_a_receiver_is_left_alone_is_one_of_its_own_clock(self) -> None:
        for hour in ("21", "23"):
            answer = status(
                429, retry_after=f"Tue, 14 Nov 2023 {hour}:14:20 GMT", date=f"Tue, 14 Nov 2023 {hour}:13:20 GMT"
            )
            self.assertEqual(60.0, (await self.deliver(answer)).retry_after, hour)

    async def test_a_long_answer_is_not_read_to_its_end(self) -> None:
        def endless(request: Request) -> Any:
            request.write(b"x" * 4 * MAX_BODY)
            return NOT_DONE_YET

        loop: Any = reactor
        before = loop.seconds()
        self.assertEqual(Verdict.SENT, (await self.deliver(endless, 15)).verdict)
        self.assertLess(loop.seconds() - before, 10)

    async def test_a_body_is_not_unpacked(self) -> None:
        packed = gzip.compress(gzip.compress(bytes(2**25)))

        def bomb(request: Request) -> bytes:
            asked.append(request.getHeader("accept-encoding"))
            request.setHeader("content-encoding", "gzip, gzip")
            return packed

        asked: list[str | None] = []
        tracemalloc.start()
        try:
            self.assertEqual(Verdict.SENT, (await self.deliver(bomb, 15)).verdict)
            self.assertLess(tracemalloc.get_traced_memory()[1], 2**23)
        finally:
            tracemalloc.stop()
        self.assertEqual(["identity"], asked)

    async def test_an_endless_head_ends_soon_and_floods_no_log(self) -> None:
        class Flooding(Protocol):
            line = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"

            def connectionMade(self) -> None:
                transport: Any = self.transport
                transport.registerProducer(self, False)

            def resumeProducing(self) -> None:
                assert self.transport is not None
                self.transport.write(self.line * 100)

            def stopProducing(self) -> None:
                pass

        class Endless(Flooding):
            line = b"Link: x\r\n"

            def connectionMade(self) -> None:
                assert self.transport is not None
                self.transport.write(b"HTTP/1.1 200 OK\r\n")
                super().connectionMade()

        for kind in (Flooding, Endless):
            with capturedLogs() as events:
                outcome = await self.deliver_to(Factory.forProtocol(kind), 15)
            self.assertEqual(Outcome(Verdict.FAILED, f"its answer has more than {MAX_ANSWER} bytes"), outcome)
            self.assertEqual([], [each for each in events if each.get("code") == 103])

    async def test_what_many_answers_on_one_connection_have_together_is_not_limited(self) -> None:
        self.receiver = Receiver(lambda request: b"x" * (MAX_BODY - 1000))
        self.assertEqual(Outcome(Verdict.SENT), await self.deliver_to(Site(self.receiver), times=4))
        self.assertEqual(1, len(set(map(str, self.receiver.peers))))

    async def test_no_cookies_are_kept(self) -> None:
        def give(request: Request) -> bytes:
            got.append(request.getHeader("cookie"))
            request.addCookie("a", "b")
            return b""

        got: list[str | None] = []
        self.receiver = Receiver(give)
        await self.deliver_to(Site(self.receiver), times=2)
        self.assertEqual([None, None], got)

    async def test_an_answer_whose_body_hangs_counts_by_its_status(self) -> None:
        def hangs(request: Request) -> Any:
            request.write(b"x")
            return NOT_DONE_YET

        self.assertEqual(Verdict.SENT, (await self.deliver(hangs, 0.3)).verdict)

    async def test_no_answer_ends_in_time(self) -> None:
        outcome = await self.deliver(lambda request: NOT_DONE_YET, 0.3)
        self.assertEqual(Outcome(Verdict.FAILED, "there was no complete answer within 0.3 s"), outcome)

    async def test_a_closed_connection_and_a_closed_port_are_failures_in_plain_words(self) -> None:
        class Closing(Protocol):
            def dataReceived(self, data: bytes) -> None:
                assert self.transport is not None
                self.transport.loseConnection()

        outcome = await self.deliver_to(Factory.forProtocol(Closing))
        self.assertEqual("it closed the connection without an answer", outcome.why)
        deliverer = Deliverer(reactor, 5.0, WallClock())
        self.assertEqual("it cannot be reached", (await deliverer.post("http://127.0.0.1:1/", {}, b"")).why)

    async def test_an_answer_that_is_not_http_is_a_failure(self) -> None:
        class Babbling(Protocol):
            def connectionMade(self) -> None:
                assert self.transport is not None
                self.transport.write(b"hello\r\n\r\n")

        self.assertEqual(Verdict.FAILED, (await self.deliver_to(Factory.forProtocol(Babbling), 1.0)).verdict)

    def test_who_cancels_it_gets_no_outcome(self) -> "Deferred[Any]":
        deliverer = Deliverer(reactor, 5.0, WallClock())
        posting = deliverer.post("http://127.0.0.1:1/", {}, b"")
        posting.cancel()
        return self.assertFailure(posting, CancelledError)
