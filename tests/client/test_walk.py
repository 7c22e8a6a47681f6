"""Connections that are lost at any moment: nothing is lost, doubled or told in another order."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.events import Missed
from mixsvc.interfaces import ChatMessage
from tests.client.fakes import FakeServer, Talker, texts

ROOMS = ("lobby", "den")
TRANSIENT_CODES = ({"code": "slow_down", "text": "Slowly.", "wait": 2}, {"code": "not_saved", "text": "Not now."})


class Walker:
    """A talker that notes what it says and what it is answered."""

    def __init__(self) -> None:
        self.server = FakeServer(catch_up=3)
        self.talker = Talker(self.server)
        self.said: dict[str, list[str]] = {room: [] for room in ROOMS}
        self.answers: list[tuple[str, str, list[int]]] = []
        for room in ROOMS:
            self.talker.session.join(room, self.talker.listener(room), 0)

    def say(self, room: str) -> None:
        text = f"{room} {len(self.said[room])}"
        self.said[room].append(text)
        numbers: list[int] = []
        self.answers.append((room, text, numbers))
        answer: Deferred[int] = self.talker.session.say(room, text)
        answer.addCallback(numbers.append)

    def hear(self, room: str, count: int) -> None:
        for index in range(count):
            self.server.say(room, f"from Bob {index}")

    def connect(self) -> None:
        if self.talker.connection is None:
            self.talker.connect()

    def refuse(self, kind: str) -> None:
        refusals = self.server.refusals.setdefault(kind, [])
        refusals.append(TRANSIENT_CODES[len(self.talker.server.asked) % 2])

    def finish(self) -> None:
        self.server.refusals.clear()
        self.connect()
        for _ in range(200):
            self.talker.settle()
            self.talker.clock.advance(60)


MOVES: list[Callable[[Walker], None]] = [
    Walker.connect,
    lambda walker: walker.talker.lose(),
    lambda walker: walker.say("lobby"),
    lambda walker: walker.say("den"),
    lambda walker: walker.hear("lobby", 1),
    lambda walker: walker.hear("den", 9),
    lambda walker: walker.talker.upstream(),
    lambda walker: walker.talker.upstream(),
    lambda walker: walker.talker.downstream(),
    lambda walker: walker.talker.downstream(),
    lambda walker: walker.talker.settle(),
    lambda walker: walker.talker.clock.advance(1),
    lambda walker: walker.refuse("say"),
    lambda walker: walker.refuse("join"),
    lambda walker: walker.refuse("history"),
]


class WalkTests(SynchronousTestCase):
    @hypothesis_settings(max_examples=300)
    @given(st.lists(st.integers(0, len(MOVES) - 1), max_size=100))
    def test_each_text_is_stored_once_and_in_order_and_each_message_told_once_and_in_order(
        self, moves: list[int]
    ) -> None:
        walker = Walker()

        for move in moves:
            MOVES[move](walker)
            for room in ROOMS:
                self.check_told(walker, room)
        walker.finish()

        for room in ROOMS:
            self.check_all(walker, room)
        for room, text, numbers in walker.answers:
            self.assertEqual([text], [walker.server.rooms[room][number - 1]["text"] for number in numbers])

    def check_told(self, walker: Walker, room: str) -> None:
        """At any moment what was told is 1, 2, 3 … and nothing is called missed."""
        events = walker.talker.heard[room]
        numbers = [event.number for event in events if isinstance(event, ChatMessage)]
        self.assertEqual(list(range(1, len(events) + 1)), numbers)

    def check_all(self, walker: Walker, room: str) -> None:
        stored = [message["text"] for message in walker.server.rooms[room]]
        self.assertEqual(stored, texts(walker.talker.heard[room]))
        self.assertEqual(walker.said[room], [text for text in stored if "from Bob" not in text])

    @hypothesis_settings(max_examples=100)
    @given(st.lists(st.tuples(st.integers(1, 700), st.integers(0, 700)), max_size=4))
    def test_what_is_kept_no_more_is_missed_and_the_rest_told_in_order(self, rounds: list[tuple[int, int]]) -> None:
        server = FakeServer()
        talker = Talker(server)
        talker.session.join("lobby", talker.listener("lobby"), 0)

        for said, forgotten in rounds:
            for index in range(said):
                server.say("lobby", f"{index}")
            server.forget("lobby", max(server.first.get("lobby", 1), len(server.rooms["lobby"]) - forgotten + 1))
            talker.connect()
            talker.settle()
            talker.lose()

        covered: list[int] = []
        for event in talker.heard["lobby"]:
            if isinstance(event, Missed):
                covered += range(event.first, event.last + 1)
            elif isinstance(event, ChatMessage):
                covered.append(event.number)
        self.assertEqual(list(range(1, sum(said for said, _ in rounds) + 1)), covered)
