"""For any fault of a server, the last good value stays, polling goes on, and each change of state is one log line."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from treq.client import HTTPClient
from twisted.internet import ssl
from twisted.internet.defer import succeed
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import Quote, SourceHealth
from mixsvc.rates.model.latest import RateTable
from mixsvc.rates.polling.chain import Chain
from mixsvc.rates.polling.poller import QuoteOutputs, RatePoller
from mixsvc.rates.sources import build_sources
from mixsvc.rates.sources.agent import MAX_HEAD, PollingAgent
from tests.rates.raw_server import RawServer, Watched, http
from tests.rates.samples import DAILY, at_once, moment, new_path
from tests.txsockjs.certificate import write_certificate

SETTINGS = replace(RatesSettings(), interval=30.0, timeout=10.0, sources=("ecb",))

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><a>&d;&d;&d;</a>'
)
JSON = b'{"base":"EUR","date":"2026-10-30","rates":{"USD":1.1172,"JPY":175.60}}'


def rate(text: bytes) -> bytes:
    return http(DAILY.replace(b"1.1172", text))


# By the name of a fault: the bytes that the server sends, and a part of the one log line.
FAULTS = {
    "404": (http(b"gone", "404 Not Found"), "127.0.0.1 answered 404 Not Found"),
    "429": (http(b"", "429 Too Many Requests"), "127.0.0.1 answered 429 Too Many Requests"),
    "500": (http(b"oops", "500 Internal Server Error"), "127.0.0.1 answered 500 Internal Server Error"),
    "garbage": (http(b"\x00\xff\xfe not xml"), "the document of the ECB cannot be read"),
    "no http": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "127.0.0.1 did not answer: its answer is not valid HTTP"),
    "nothing": (b"", "127.0.0.1 did not answer"),
    "cut head": (b"HTTP/1.1 200 OK\r\nContent-", "127.0.0.1 did not answer"),
    "cut body": (http()[:-50], "127.0.0.1 did not answer"),
    "bad length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "127.0.0.1 did not answer: its answer is not valid HTTP",
    ),
    "bad coding": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n", "did not answer: its answer is not valid HTTP"),
    "bad chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "127.0.0.1 did not answer"),
    "truncated": (http(DAILY[:-30]), "the document of the ECB cannot be read"),
    "bomb": (http(BOMB), "the document of the ECB cannot be read: it defines XML entities"),
    "zero": (rate(b"0"), "a price of 0 is not above zero"),
    "negative": (rate(b"-1.1"), "'-1.1' is not a price"),
    "nan": (rate(b"NaN"), "'NaN' is not a price"),
    "future": (http(DAILY.replace(b"2026-10-30", b"2026-12-30")), "2026-12-30 is in the future"),
    "large": (http(b" " * 2**21), "the answer of 127.0.0.1 is longer than 1048576 bytes"),
    "informational": (b"HTTP/1.1 102 Processing\r\n\r\n" * 5000, f"the head of the answer is longer than {MAX_HEAD}"),
    "headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, f"the head of the answer is longer than {MAX_HEAD}"),
    "a long header": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2**17, "127.0.0.1 did not answer"),
    "compressed": (http(b"x", Content_Encoding="gzip"), "the answer is compressed, though that was not asked for"),
    "loop": (http(b"", "302 Found", Location="/"), "127.0.0.1 redirects more than 5 times"),
    "elsewhere": (
        http(b"", "302 Found", Location="file:///etc/passwd"),
        "redirects to what is no valid http or https URL",
    ),
}


class FaultCase(TestCase):
    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any
        self.reactor = reactor
        self.clock = Clock()
        self.server = RawServer()
        self.port: Any
        self.port = self.reactor.listenTCP(0, self.server, interface="127.0.0.1")
        self.addCleanup(lambda: self.port.stopListening())
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/"
        self.table = RateTable(moment)
        self.told: list[Sequence[Quote]] = []

    def poll(self, settings: RatesSettings, environ: dict[str, str] | None = None, seconds: float = 1000) -> None:
        """Start polling; ends with the test. seconds: what the agent's limits are taken from, in real time."""
        client = HTTPClient(PollingAgent(self.reactor, seconds))
        sources = build_sources(settings, client, at_once, moment, environ or {})
        self.source = Watched(sources[0])
        outputs = QuoteOutputs(self.table, lambda _: succeed(None), self.told.append)
        chain = Chain([self.source], settings.interval, lambda: 0.5)
        self.poller = RatePoller(self.clock, chain, settings, outputs, moment)
        self.addCleanup(lambda: self.poller.stopService())
        self.poller.startService()

    def poll_ecb(self) -> None:
        self.poll(replace(SETTINGS, ecb_url=self.url))

    async def asked(self) -> None:
        """Wait until the fetch under way has ended."""
        await self.source.ends[-1]

    async def round(self) -> None:
        """The next time that the source is asked, which its back-off puts off."""
        before = len(self.source.ends)
        for _ in range(4):
            if len(self.source.ends) == before:
                self.clock.advance(SETTINGS.interval)
        await self.asked()

    def price(self) -> str:
        found = self.table.latest("EUR", "USD")
        assert found is not None
        return f"{found.price} {found.date}"

    def health(self) -> SourceHealth:
        return self.poller.health()[0]


class Faults(FaultCase):
    async def test_the_last_good_price_stays_and_each_change_is_logged_once(self) -> None:
        self.poll_ecb()
        await self.asked()
        for name, (says, reason) in FAULTS.items():
            with capturedLogs() as events:
                self.server.says = says
                await self.round()
                self.assertEqual((self.health().state, self.health().failures), ("failing", 1), name)
                await self.round()
                self.assertEqual(self.price(), "1.1172 2026-10-30")
                self.assertIn(reason, self.health().last_error, name)
                self.server.says = http()
                await self.round()

            self.assertEqual((self.health().state, self.health().failures), ("good", 0))
            said = [formatEvent(each) for each in events]
            self.assertEqual(said, [f"rates: ecb fails: {self.health().last_error}", "rates: ecb answers again"], name)
            self.assertEqual([each["log_level"] for each in events], [LogLevel.warn, LogLevel.info])
        self.assertEqual(len(self.told), 1)

    async def test_a_refused_connection_is_a_failure_and_the_source_recovers(self) -> None:
        self.poll_ecb()
        await self.asked()
        number = self.port.getHost().port
        await self.port.stopListening()
        await self.round()

        self.assertIn("127.0.0.1 did not answer: Connection was refused", self.health().last_error)
        self.assertEqual(self.price(), "1.1172 2026-10-30")
        self.port = self.reactor.listenTCP(number, self.server, interface="127.0.0.1")
        await self.round()
        self.assertEqual(self.health().state, "good")

    async def test_a_server_that_stalls_in_the_head_or_the_body_is_cancelled(self) -> None:
        self.poll_ecb()
        await self.asked()
        self.server.hangs_up = False
        for says in (b"", http()[:-50]):
            self.server.says = says
            for _ in range(4):
                self.clock.advance(SETTINGS.interval)
            self.clock.advance(SETTINGS.timeout)
            await self.asked()

            self.assertEqual(self.health().last_error, "no answer within 10 s")
            self.assertEqual(self.price(), "1.1172 2026-10-30")

    async def test_a_late_head_leaves_time_for_another_source(self) -> None:
        self.server.says, self.server.hangs_up = b"", False
        self.poll(replace(SETTINGS, ecb_url=self.url), seconds=0.15)
        await self.asked()

        self.assertEqual(self.health().last_error, "no answer began within 0.1 s")

    async def test_a_retry_after_in_seconds_or_as_a_date_is_honoured(self) -> None:
        for text in ("300", "Fri, 30 Oct 2026 12:05:00 GMT"):
            self.server.says = http(b"", "429 Too Many Requests", Retry_After=text)
            self.poll_ecb()
            await self.asked()
            asked = len(self.server.asked)

            self.assertEqual(self.health().state, "waiting")
            self.assertEqual((self.health().next_try or moment()) - moment(), (SECONDS_300))
            self.clock.pump([30.0] * 9)
            self.assertEqual(len(self.server.asked), asked)
            await self.round()
            self.assertEqual(len(self.server.asked), asked + 1)
            await self.poller.stopService()

    async def test_a_tenfold_price_of_a_real_server_is_held_back_and_logged_once(self) -> None:
        self.poll_ecb()
        await self.asked()
        with capturedLogs() as events:
            self.server.says = http(DAILY.replace(b"1.1172", b"11.172").replace(b"10-30", b"10-31"))
            await self.round()
            await self.round()

        self.assertEqual(self.price(), "1.1172 2026-10-30")
        self.assertIn("rates: ecb has prices that differ by more than a factor of 5", str(formatEvent(events[0])))
        self.assertEqual(len(events), 1)

    async def test_a_date_that_goes_back_changes_nothing_and_is_logged_once(self) -> None:
        self.poll_ecb()
        await self.asked()
        with capturedLogs() as events:
            self.server.says = http(DAILY.replace(b"10-30", b"10-29").replace(b"1.1172", b"1.2"))
            await self.round()
            await self.round()

        self.assertEqual(self.price(), "1.1172 2026-10-30")
        said = [formatEvent(each) for each in events]
        self.assertEqual(said, ["rates: ecb went back from 2026-10-30 to 2026-10-29; the newer rates stay"])

    async def test_a_host_without_an_address_is_logged_in_one_line(self) -> None:
        before = self.reactor.installNameResolver(NoNames())
        self.addCleanup(self.reactor.installNameResolver, before)
        self.poll(replace(SETTINGS, ecb_url="http://rates.example/daily.xml"))
        await self.asked()

        self.assertIn("rates.example did not answer: DNS lookup failed", self.health().last_error)

    async def test_a_certificate_that_does_not_verify_is_refused(self) -> None:
        key, certificate = write_certificate(new_path(self))
        untyped: Any = ssl.DefaultOpenSSLContextFactory
        port = self.reactor.listenSSL(0, self.server, untyped(str(key), str(certificate)), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.poll(replace(SETTINGS, ecb_url=f"https://localhost:{port.getHost().port}/"))
        await self.asked()

        self.assertIn("localhost did not answer: its certificate cannot be trusted", self.health().last_error)
        self.assertEqual(self.server.asked, [])
        # Twisted's certificates use functions that the newest pyOpenSSL has deprecated.
        self.assertEqual([each for each in self.flushWarnings() if "pyOpenSSL" not in each["message"]], [])


class FaultsOfJson(FaultCase):
    async def test_the_key_is_sent_to_the_server_and_never_logged(self) -> None:
        headers = (("Authorization", "Bearer {key}"),)
        url = self.url + "{base}?key={key}"
        settings = replace(SETTINGS, sources=("json",), json_url=url, json_key_env="K", json_headers=headers)
        says = [each for each, _ in FAULTS.values()]
        with capturedLogs() as events:
            self.server.says = http(JSON)
            self.poll(settings, {"K": "s3cret"})
            await self.asked()
            self.assertEqual(self.price(), "1.1172 2026-10-30")
            for self.server.says in says:
                await self.round()
                self.assertNotIn("s3cret", self.health().last_error)

        self.assertEqual((self.price(), self.health().failures), ("1.1172 2026-10-30", len(says)))
        self.assertIn(b"GET /EUR?key=s3cret HTTP/1.1\r\n", self.server.asked[0])
        self.assertIn(b"Authorization: Bearer s3cret\r\n", self.server.asked[0])
        self.assertNotIn("s3cret", repr([dict(each) for each in events]))
        self.assertEqual(len(events), 1)


SECONDS_300 = moment().replace(minute=5) - moment()


@implementer(IHostnameResolver)
class NoNames:
    """A resolver that knows no name, so that no name server is asked."""

    def resolveHostName(self, resolutionReceiver: IResolutionReceiver, hostName: str, *_: object, **__: object) -> Any:
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name
        self.addresses: list[IAddress] = []

    def cancel(self) -> None:
        """Does nothing: there is nothing to cancel."""
