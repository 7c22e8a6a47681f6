"""The ECB source against a real server on the loopback, through the real reactor."""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twisted.internet import ssl, tcp
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from twisted.web.util import redirectTo

from mixsvc.http.outgoing.client import PlainClient
from mixsvc.interfaces import Quote
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.agent import PollingAgent
from mixsvc.rates.sources.download import MAX_BODY
from mixsvc.rates.sources.ecb import EcbSource
from tests.rates.samples import DAILY, at_once, moment

HUGE = 100 * 2**20


class Pages(Resource):
    """Faults of a server; `gone` fires when the client of /slow, /silent or /huge has left."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.begun: Deferred[Request] = Deferred()
        self.gone: Deferred[None] = Deferred()
        self.sent = 0

    def render_GET(self, request: Request) -> bytes | int:
        page = request.path.decode().strip("/")
        if page == "daily":
            # Its own answer to conditional requests: 304, and no body.
            return b"" if request.setETag(b'"1"') else DAILY
        if page == "gzip":
            request.setHeader(b"Content-Encoding", b"gzip")
            return gzip.compress(DAILY)
        if page == "polite":
            return DAILY if request.getHeader(b"accept-encoding") == b"identity" else b""
        if page == "nowhere":
            return redirectTo(b"http://ab--c/", request)
        if page == "bomb":
            request.setHeader(b"Content-Encoding", b"gzip")
            return gzip.compress(b" " * HUGE)
        request.notifyFinish().addBoth(self._left)
        if page == "huge":
            request.registerProducer(Flood(self, request), False)
            return NOT_DONE_YET
        if page == "slow":
            request.write(DAILY[:100])
        self.begun.callback(request)
        return NOT_DONE_YET

    def _left(self, _: object) -> None:
        self.gone.callback(None)


class Flood:
    """A body of 100 MB, written as fast as the client takes it."""

    def __init__(self, pages: Pages, request: Request) -> None:
        self.pages, self.request = pages, request

    def resumeProducing(self) -> None:
        self.request.write(b" " * 65536)
        self.pages.sent += 65536
        if self.pages.sent >= HUGE:
            self.request.unregisterProducer()
            self.request.finish()

    def stopProducing(self) -> None:
        pass


async def turns(reactor: Any) -> None:
    """Let the reactor carry bytes in both directions."""
    for _ in range(10):
        await deferLater(reactor, 0)


class RealServer(TestCase):
    timeout = 20

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any
        self.reactor = reactor
        self.pages = Pages()
        self.client = PlainClient(PollingAgent(self.reactor, 10))
        self.addCleanup(self.listen().stopListening)

    def listen(self) -> Any:
        port = self.reactor.listenTCP(0, Site(self.pages), interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{port.getHost().port}"
        return port

    def source(self, page: str) -> EcbSource:
        return EcbSource(self.client, f"{self.url}/{page}", at_once, moment)

    async def test_an_unchanged_document_gives_no_quotes(self) -> None:
        source = self.source("daily")

        self.assertEqual([len(await source.fetch()), len(await source.fetch())], [2, 0])

    async def test_an_address_of_ipv6_is_one(self) -> None:
        port = self.reactor.listenTCP(0, Site(self.pages), interface="::1")
        self.addCleanup(port.stopListening)
        url = f"http://[::1]:{port.getHost().port}/daily"

        self.assertEqual(len(await EcbSource(self.client, url, at_once, moment).fetch()), 2)

    async def test_a_name_with_an_underscore_is_one(self) -> None:
        error = await self.refused(EcbSource(self.client, "http://my_rates.invalid/daily", at_once, moment).fetch())

        self.assertIn("my_rates.invalid did not answer: DNS lookup failed: ", error)
        self.assertIn("no results for hostname lookup: my_rates.invalid", error)

    async def test_nothing_compressed_is_asked_for(self) -> None:
        self.assertEqual(len(await self.source("polite").fetch()), 2)

    async def test_a_compressed_document_is_refused_before_it_is_unpacked(self) -> None:
        for page in ("gzip", "bomb"):
            error = await self.refused(self.source(page).fetch())

            self.assertEqual(error, "the answer is compressed, though that was not asked for")

    async def test_a_redirect_to_an_invalid_host_name_is_refused_in_plain_words(self) -> None:
        error = await self.refused(self.source("nowhere").fetch())

        self.assertIn("leads to a host name that is not valid", error)

    async def test_a_huge_body_is_cut_at_the_limit(self) -> None:
        error = await self.refused(self.source("huge").fetch())
        await self.pages.gone

        self.assertIn(str(MAX_BODY), error)
        # The bytes beyond the limit were in the buffers of the two sockets.
        self.assertLess(self.pages.sent, HUGE // 4)

    async def test_cancelling_a_fetch_aborts_a_slow_body(self) -> None:
        await self.given_up(self.source("slow").fetch())

    async def test_cancelling_a_fetch_aborts_a_slow_head(self) -> None:
        await self.given_up(self.source("silent").fetch())

    async def given_up(self, fetching: "Deferred[Sequence[Quote]]") -> None:
        await self.pages.begun
        # So that what has been written is there: the head alone, or the head and a part of the body.
        await turns(self.reactor)

        fetching.cancel()

        with self.assertRaises(CancelledError):
            await fetching
        await self.pages.gone

    async def test_a_refused_connection_is_reported_in_one_line(self) -> None:
        port = self.listen()
        await port.stopListening()

        error = await self.refused(self.source("daily").fetch())

        self.assertTrue(error.startswith("127.0.0.1 did not answer: Connection was refused"), error)

    async def refused(self, fetching: "Deferred[Sequence[Quote]]") -> str:
        with self.assertRaises(SourceFailed) as caught:
            await fetching
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)


class RealTls(TestCase):
    timeout = 20

    async def test_a_peer_that_stalls_cannot_keep_an_aborted_connection(self) -> None:
        from twisted.internet import reactor

        real: Any
        real = reactor
        pages, certificate = Pages(), self_signed("localhost")
        port = real.listenSSL(0, Site(pages), certificate.options(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client = PlainClient(PollingAgent(real, 10, BrowserLikePolicyForHTTPS(trustRoot=certificate)))
        fetching = EcbSource(client, f"https://localhost:{port.getHost().port}/slow", at_once, moment).fetch()
        request: Any = await pages.begun
        await turns(real)
        # From here on the server does not read, so it never agrees to the end of the TLS session.
        raw = request.channel.transport.transport
        raw.pauseProducing()

        fetching.cancel()
        await turns(real)

        self.assertEqual([each for each in real.getReaders() if isinstance(each, tcp.Client)], [])
        with self.assertRaises(CancelledError):
            await fetching
        raw.resumeProducing()
        await pages.gone
        # Twisted's certificates use functions that the newest pyOpenSSL has deprecated.
        self.assertEqual([each for each in self.flushWarnings() if "Passing pyOpenSSL" not in each["message"]], [])


def self_signed(name: str) -> ssl.PrivateCertificate:
    """A certificate for a host name, and its key, made for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    untyped: Any = ssl.PrivateCertificate
    made: ssl.PrivateCertificate = untyped.loadPEM(pem)
    return made
