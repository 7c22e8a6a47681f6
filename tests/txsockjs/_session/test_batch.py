"""What sessions hold for one turn: batches, shared while the sessions are sent the same."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fake_session import FakeReceiver, FakeScheduler
from txsockjs._protocol.frames import WEBSOCKET, XHR, Message, decode_websocket
from txsockjs._session.batch import Batch, LastBroadcast
from txsockjs._session.broadcast import send_to_all
from txsockjs._session.session import Session
from txsockjs._session.transport import SockJSTransport

ADDRESS: IAddress = IPv4Address("TCP", "127.0.0.1", 1)


class BatchTests(SynchronousTestCase):
    def test_it_is_encoded_once_for_each_framing(self) -> None:
        batch = Batch([Message("1")], 3)

        self.assertEqual(batch.encoded(XHR), b'a["1"]\n')
        self.assertIs(batch.encoded(XHR), batch.encoded(XHR))
        self.assertEqual(batch.encoded(WEBSOCKET), b'\x81\x06a["1"]')

    def test_it_knows_its_size(self) -> None:
        batch = Batch()
        batch.add(Message("1"))
        batch.add(Message("22"))

        self.assertEqual(batch.size, 7)

    def test_a_longer_one_leaves_it_as_it_is(self) -> None:
        batch = Batch([Message("1")], 3)

        longer = batch.with_another(Message("2"))

        self.assertEqual((len(batch.messages), batch.size), (1, 3))
        self.assertEqual(([message.text for message in longer.messages], longer.size), (["1", "2"], 6))


class LastBroadcastTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.batch = Batch([Message("1")], 3)
        self.batch.holders = 2

    def test_the_same_members_get_the_next_message_in_their_batch(self) -> None:
        self.assertTrue(LastBroadcast({1, 2}, self.batch).add({2, 1}, 2, Message("2")))
        self.assertEqual(len(self.batch.messages), 2)

    def test_other_members_do_not(self) -> None:
        self.assertFalse(LastBroadcast({1, 2}, self.batch).add({1, 3}, 2, Message("2")))
        self.assertEqual(len(self.batch.messages), 1)

    def test_the_same_members_do_not_if_one_of_them_has_a_batch_of_its_own(self) -> None:
        self.batch.holders = 1

        self.assertFalse(LastBroadcast({1, 2}, self.batch).add({1, 2}, 2, Message("2")))


class Room:
    """Some sessions, each with what it was sent."""

    def __init__(self, size: int) -> None:
        self.scheduler = FakeScheduler()
        self.sessions = [Session(None, self.scheduler, self.scheduler, outbox_limit=10_000) for _ in range(size)]
        self.receivers = [FakeReceiver(session) for session in self.sessions]
        self.transports = []
        for session, receiver in zip(self.sessions, self.receivers, strict=True):
            transport = SockJSTransport(session, Factory(), "cp1252", (ADDRESS, ADDRESS), None)
            session.application = transport
            self.transports.append(transport)
            transport.opened = lambda: None  # type: ignore[method-assign]  # no protocol is needed
            session.attach(receiver)

    def got(self, number: int) -> list[str]:
        frames = [frame for frame in self.receivers[number].sent if frame.startswith(b"a")]
        return [text for frame in frames for text in decode_websocket(frame[1:].decode())]


NUMBERS = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("broadcast"), st.sets(NUMBERS)),
        st.tuples(st.just("broadcast"), st.just({0, 1, 2, 3})),
        st.tuples(st.just("list"), st.lists(NUMBERS)),
        st.tuples(st.just("post"), NUMBERS),
        st.tuples(st.just("close"), NUMBERS),
        st.tuples(st.just("lag"), NUMBERS),
        st.tuples(st.just("catch up"), NUMBERS),
        st.tuples(st.just("turn"), st.none()),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_is_sent_to_whom_everyone_gets_what_was_sent_to_them_in_order(
    steps: list[tuple[str, object]],
) -> None:
    room, wanted, closed = Room(4), [[] for _ in range(4)], set()  # type: ignore[var-annotated]
    for count, (what, who) in enumerate(steps):
        match what, who:
            case "broadcast" | "list", set() | list():
                kind = set if what == "broadcast" else list
                send_to_all(Message(str(count)), kind(room.transports[number] for number in who))
                for number in who:
                    wanted[number] += [str(count)] if number not in closed else []
            case "post", int(number):
                room.transports[number].write(str(count))
                wanted[number] += [str(count)] if number not in closed else []
            case "close", int(number):
                room.transports[number].loseConnection()
                closed.add(number)
            case "lag", int(number):
                room.receivers[number].ready = False
            case "catch up", int(number):
                room.receivers[number].ready = True
                room.sessions[number].flush()
            case _:
                room.scheduler.end()
    for number in range(4):
        room.receivers[number].ready = True
        room.sessions[number].flush()

    room.scheduler.end()

    assert [room.got(number) for number in range(4)] == wanted
