"""Many sockets that are written the same."""

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.protocols.haproxy import proxyEndpoint
from twisted.protocols.policies import (
    ProtocolWrapper,
    ThrottlingFactory,
    TimeoutFactory,
    WrappingFactory,
)
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.narrow_socket import PlainTransport
from txsockjs._socket.writer import BufferedWriter, is_plain_socket, open_writer, write_to_all


class WriteToAllTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.transports = [PlainTransport() for _ in range(3)]
        self.writers = [each.writer() for each in self.transports]

    def outcomes(self) -> list[tuple[bytes, bytes, bool]]:
        """What each socket took, what its transport buffers, and whether the writer is ready."""
        return [
            (b"".join(transport.narrow.taken), transport.value(), writer.ready)
            for transport, writer in zip(self.transports, self.writers, strict=True)
        ]

    def test_every_socket_gets_the_bytes_in_one_piece(self) -> None:
        write_to_all(self.writers, b"event")

        self.assertEqual(self.outcomes(), [(b"event", b"", True)] * 3)
        self.assertEqual([each.narrow.taken for each in self.transports], [[b"event"]] * 3)

    def test_what_a_socket_does_not_take_is_sent_later_and_in_order(self) -> None:
        self.transports[1].narrow.room = 2

        write_to_all(self.writers, b"event")
        write_to_all(self.writers, b"!")

        self.assertEqual(self.outcomes(), [(b"event!", b"", True), (b"ev", b"ent!", False), (b"event!", b"", True)])

    def test_a_socket_that_is_full_or_lost_does_not_keep_the_others_from_their_bytes(self) -> None:
        self.transports[0].narrow.room = 0
        self.transports[1].narrow.room = -1

        write_to_all(self.writers, b"event")

        self.assertEqual(self.outcomes(), [(b"", b"event", False), (b"", b"event", False), (b"event", b"", True)])

    def test_connections_without_a_plain_socket_get_the_bytes_through_their_buffer(self) -> None:
        buffered = PlainTransport()

        write_to_all([BufferedWriter(buffered, lambda: None), *self.writers], b"event")

        self.assertEqual((buffered.narrow.taken, buffered.value()), ([], b"event"))
        self.assertEqual(self.outcomes(), [(b"event", b"", True)] * 3)


class Listening:
    """An endpoint that keeps the factory that it is to serve."""

    factory: Any

    def listen(self, factory: Any) -> None:
        self.factory = factory


class Counting(ProtocolWrapper):
    count = 0

    def write(self, data: bytes) -> None:
        self.count += len(data)
        ProtocolWrapper.write(self, data)


class CountingFactory(WrappingFactory[Counting]):
    protocol = Counting


class PatientFactory(TimeoutFactory):
    def callLater(self, period: float, func: Callable[[], object]) -> object:
        return Clock().callLater(period, func)


class WrappedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.inner = Factory.forProtocol(Protocol)

    def wrapped(self, factory: Any) -> Any:
        wrapper = factory.buildProtocol(PlainTransport().getPeer())
        wrapper.makeConnection(PlainTransport())
        return wrapper

    def test_a_wrapper_that_passes_everything_on_is_the_socket(self) -> None:
        endpoint: Any = Listening()
        proxyEndpoint(endpoint).listen(self.inner)

        for factory in (WrappingFactory(self.inner), endpoint.factory):
            self.assertTrue(is_plain_socket(self.wrapped(factory)), factory)

    def test_a_wrapper_that_sees_what_is_written_is_not(self) -> None:
        for factory in (PatientFactory(self.inner, 10), ThrottlingFactory(self.inner), CountingFactory(self.inner)):
            self.assertFalse(is_plain_socket(self.wrapped(factory)), factory)

    def test_neither_is_one_within_another(self) -> None:
        outer = self.wrapped(CountingFactory(WrappingFactory(self.inner)))

        self.assertFalse(is_plain_socket(outer.wrappedProtocol))

    def test_it_sees_every_byte(self) -> None:
        counting = self.wrapped(CountingFactory(self.inner))
        writer = open_writer(counting, lambda: None)
        writer.ready = True
        writer.write(b"event")
        write_to_all([writer], b"event")

        self.assertEqual((counting.count, counting.transport.value()), (10, b"eventevent"))
