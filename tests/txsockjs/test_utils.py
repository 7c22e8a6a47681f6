"""The helpers for applications."""

from pathlib import Path

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.txsockjs.certificate import write_certificate
from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryWebSocket
from txsockjs.utils import ChainedOpenSSLContextFactory, broadcast, normalize


class NormalizeTests(SynchronousTestCase):
    def test_text_becomes_utf8(self) -> None:
        self.assertEqual(normalize("é", "cp1252"), b"\xc3\xa9")

    def test_utf8_stays(self) -> None:
        self.assertEqual(normalize(b"\xc3\xa9", "cp1252"), b"\xc3\xa9")

    def test_other_bytes_are_read_in_the_encoding(self) -> None:
        self.assertEqual(normalize(b"\xe9", "cp1252"), b"\xc3\xa9")

    def test_bytes_that_the_encoding_does_not_know_are_replaced(self) -> None:
        self.assertEqual(normalize(b"\xff", "ascii"), "\ufffd".encode())

    def test_other_objects_are_what_str_makes_of_them(self) -> None:
        self.assertEqual(normalize(5, "cp1252"), b"5")

    def test_a_lone_surrogate_is_kept(self) -> None:
        self.assertEqual(normalize("\ud800", "cp1252").decode("utf-8", "surrogatepass"), "\ud800")


class RawTarget:
    """A target of 1.2.2: it takes frames."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def writeRaw(self, frame: bytes) -> None:
        self.frames.append(frame)


class BroadcastTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def transports(self) -> list[object]:
        return [app.transport for app in self.service.apps.all]

    def test_every_target_gets_it_in_its_own_framing(self) -> None:
        stream, events = self.service.post("/0/1/xhr_streaming"), self.service.get("/0/2/eventsource")
        framed, raw = MemoryWebSocket(self.service), MemoryWebSocket(self.service, "/websocket")

        broadcast("50%", self.transports())

        self.service.flush()
        for socket in (framed, raw):
            socket.read()
        self.assertEqual((stream.chunks[-1], events.chunks[-1]), (b'a["50%"]\n', b'data: a["50%25"]\r\n\r\n'))
        self.assertEqual((framed.texts[-1], raw.texts), ('a["50%"]', ["50%"]))

    def test_it_is_encoded_once_for_all(self) -> None:
        for name in "12":
            self.service.post(f"/0/{name}/xhr_streaming")

        broadcast("x", self.transports())

        held = [app.transport.session.batch for app in self.service.apps.all]
        self.assertIsNotNone(held[0])
        self.assertIs(held[0], held[1])

    def test_bytes_are_read_as_by_normalize(self) -> None:
        stream = self.service.post("/0/1/xhr_streaming")
        broadcast(b"\x80", self.transports())
        broadcast(b"\xe0", self.transports(), "cp1251")
        self.service.flush()

        self.assertEqual(stream.chunks[-1], b'a["\\u20ac","\\u0430"]\n')

    def test_targets_that_take_frames_get_one(self) -> None:
        target = RawTarget()

        broadcast("x", [target, target])

        self.assertEqual(target.frames, [b'a["x"]', b'a["x"]'])

    def test_other_transports_get_it_as_it_is(self) -> None:
        stream, plain, target = self.service.post("/0/1/xhr_streaming"), StringTransport(), RawTarget()

        broadcast("é", [plain, *self.transports(), target])
        broadcast(b"\x80", [*self.transports(), plain])

        self.service.flush()
        self.assertEqual(plain.value(), "é€".encode())
        self.assertEqual((target.frames, stream.chunks[-1]), ([b'a["\\u00e9"]'], b'a["\\u00e9","\\u20ac"]\n'))

    def test_targets_that_are_closing_are_passed_over(self) -> None:
        stream = self.service.post("/0/1/xhr_streaming")
        self.service.apps.last.transport.loseConnection()
        broadcast("x", self.transports())
        self.service.flush()

        self.assertEqual(stream.chunks[2:], [b'c[3000,"Go away!"]\n', b""])


class ChainedOpenSSLContextFactoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.key, self.chain = write_certificate(Path(self.mktemp()))

    def test_it_is_a_context_factory(self) -> None:
        factory = ChainedOpenSSLContextFactory(str(self.key), str(self.chain))

        verifyObject(IOpenSSLContextFactory, factory)
        self.assertIsInstance(factory.getContext(), SSL.Context)

    def test_a_method_may_be_given(self) -> None:
        factory = ChainedOpenSSLContextFactory(str(self.key), str(self.chain), SSL.TLS_METHOD)

        self.assertIs(factory.getContext(), factory.getContext())

    def test_a_key_of_another_certificate_is_refused(self) -> None:
        other, _ = write_certificate(Path(self.mktemp()))

        self.assertRaises(SSL.Error, ChainedOpenSSLContextFactory, str(other), str(self.chain))
