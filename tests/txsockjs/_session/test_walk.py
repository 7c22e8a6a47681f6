"""With any sequence of receivers, a client reads each message that was sent, once and in order."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fake_session import FakeApplication, FakeReceiver, FakeScheduler
from txsockjs._protocol.frames import Message
from txsockjs._session.session import Session
from txsockjs._session.states import State

STEPS = st.one_of(
    st.tuples(st.just("post"), st.integers(1, 700)),
    st.tuples(st.just("attach"), st.sampled_from([1, 2, 3, 1_000_000])),
    st.tuples(st.sampled_from(["turn", "pause", "resume", "second", "release"]), st.just(0)),
)


class Walk:
    """A session, its client, and what either has sent and seen."""

    def __init__(self) -> None:
        self.scheduler = FakeScheduler()
        self.session = Session(b"s", self.scheduler, self.scheduler, outbox_limit=1_000_000)
        self.app = self.session.application = FakeApplication()
        self.receivers: list[FakeReceiver] = []
        self.posted: list[str] = []

    def step(self, what: str, number: int) -> None:
        getattr(self, what)(number)

    def post(self, number: int) -> None:
        for _ in range(number):
            if self.session.state is State.OPEN:
                self.posted.append(str(len(self.posted)))
            self.session.post(Message(self.posted[-1] if self.posted else "early"))

    def attach(self, frames: int) -> None:
        if self.session.receiver is None:
            self.receivers.append(FakeReceiver(self.session, frames))
            self.session.attach(self.receivers[-1])

    def second(self, _: int) -> None:
        if self.session.receiver is not None:
            self.session.attach(FakeReceiver(self.session))

    def pause(self, _: int) -> None:
        if isinstance(self.session.receiver, FakeReceiver):
            self.session.receiver.ready = False

    def resume(self, _: int) -> None:
        if isinstance(self.session.receiver, FakeReceiver):
            self.session.receiver.ready = True
            self.session.flush()

    def release(self, _: int) -> None:
        if isinstance(self.session.receiver, FakeReceiver):
            self.session.detach(self.session.receiver)

    def turn_ends(self) -> None:
        self.scheduler.end()

    def read(self) -> list[str]:
        frames = [frame for receiver in self.receivers for frame in receiver.sent]
        return [text for frame in frames if frame[:1] == b"a" for text in json.loads(frame[1:])]

    def finish(self) -> None:
        """A client that polls until nothing more waits."""
        self.scheduler.end()
        self.resume(0)
        while self.session.state is not State.CLOSED:
            self.attach(1)


class WalkTests(SynchronousTestCase):
    @settings(max_examples=200)
    @given(st.lists(STEPS, max_size=40))
    def test_the_client_reads_what_was_posted_in_order_and_once(self, steps: list[tuple[str, int]]) -> None:
        walk = Walk()
        walk.attach(1)
        for what, number in steps:
            walk.turn_ends() if what == "turn" else walk.step(what, number)
        walk.session.close(3000, "Go away!")

        walk.finish()

        self.assertEqual(walk.read(), walk.posted)
        self.assertEqual(walk.receivers[-1].sent[-1], b'c[3000,"Go away!"]')
        self.assertEqual(len(walk.app.reasons), 1)

    @settings(max_examples=100)
    @given(st.lists(STEPS, max_size=20), st.lists(STEPS, max_size=5))
    def test_a_client_that_is_lost_has_read_a_beginning_of_it(
        self, before: list[tuple[str, int]], after: list[tuple[str, int]]
    ) -> None:
        walk = Walk()
        walk.attach(1)
        for what, number in before:
            walk.turn_ends() if what == "turn" else walk.step(what, number)
        walk.session.lose(walk.session.receiver, Failure(ConnectionLost("gone")))
        for what, number in after:
            walk.turn_ends() if what == "turn" else walk.step(what, number)

        self.assertEqual(walk.read(), walk.posted[: len(walk.read())])
        self.assertEqual((walk.session.state, len(walk.app.reasons)), (State.CLOSED, 1))
