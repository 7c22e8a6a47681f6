"""Many sockets that are written the same."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.narrow_socket import PlainTransport
from txsockjs._socket.writer import BufferedWriter, write_to_all


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
