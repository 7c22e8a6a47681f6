"""Connections that are lost at any moment: no text or message is lost, doubled or out of order."""

from collections.abc import Callable
from itertools import count

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.client.events import BegunAnew, Missed, RoomEvent
from mixsvc.client.testing import MemoryServer
from mixsvc.interfaces import ChatMessage
from tests.client.harness import SessionHarness, texts

ROOMS = ("lobby", "den")
TRANSIENT: list[tuple[str, dict[str, int]]] = [("slow_down", {"wait": 2}), ("not_saved", {})]


class Walker:
    """A session whose user notes what is said and how each text is answered."""

    def __init__(self) -> None:
        self.server = MemoryServer(catch_up=3)
        self.harness = SessionHarness(self.server)
        self.said: dict[str, list[str]] = {room: [] for room in ROOMS}
        self.answers: list[tuple[str, str, list[int]]] = []
        for room in ROOMS:
            self.harness.session.join(room, self.harness.listener(room), 0)

    def say(self, room: str) -> None:
        text = f"{room} {len(self.said[room])}"
        self.said[room].append(text)
        numbers: list[int] = []
        self.answers.append((room, text, numbers))
        answer: Deferred[int] = self.harness.session.say(room, text)
        answer.addCallback(numbers.append)

    def hear(self, room: str, times: int) -> None:
        for index in range(times):
            self.server.say(room, f"from Bob {index}")

    def connect(self) -> None:
        if self.harness.connection is None:
            self.harness.connect()

    def refuse(self, kind: str) -> None:
        code, fields = TRANSIENT[len(self.server.requests) % 2]
        self.server.refuse(kind, code, **fields)

    def finish(self) -> None:
        self.server.accept_all()
        self.connect()
        for _ in range(200):
            self.harness.settle()
            self.harness.clock.advance(60)


MOVES: list[Callable[[Walker], None]] = [
    Walker.connect,
    lambda walker: walker.harness.lose(),
    lambda walker: walker.say("lobby"),
    lambda walker: walker.say("den"),
    lambda walker: walker.hear("lobby", 1),
    lambda walker: walker.hear("den", 9),
    lambda walker: walker.harness.upstream(),
    lambda walker: walker.harness.upstream(),
    lambda walker: walker.harness.downstream(),
    lambda walker: walker.harness.downstream(),
    lambda walker: walker.harness.settle(),
    lambda walker: walker.harness.clock.advance(1),
    lambda walker: walker.refuse("say"),
    lambda walker: walker.refuse("join"),
    lambda walker: walker.refuse("history"),
]


# No two messages have the same text.
TEXTS = count()

ROUNDS = ("say", "say", "lose", "connect", "settle", "go back")


def move_on(kind: str, number: int, server: MemoryServer, harness: SessionHarness) -> None:
    """One step: something is said, the connection is lost or made, or the server goes on from an earlier number."""
    match kind:
        case "say":
            for _ in range(number):
                server.say("lobby", f"text {next(TEXTS)}")
        case "lose":
            harness.lose()
        case "go back":
            harness.lose()
            server.go_back("lobby", min(number, len(server.texts("lobby"))))
        case _:
            if harness.connection is None:
                harness.connect()
            for _ in range(number):
                harness.upstream()
                harness.downstream()
            if kind == "settle":
                harness.settle()


def anew(harness: SessionHarness) -> list[ChatMessage]:
    """The messages that the listener has got of the present history."""
    events: list[RoomEvent] = harness.events["lobby"]
    begins = [index for index, event in enumerate(events) if isinstance(event, BegunAnew)]
    return [event for event in events[begins[-1] if begins else 0 :] if isinstance(event, ChatMessage)]


class WalkTests(SynchronousTestCase):
    @hypothesis_settings(max_examples=300)
    @given(st.lists(st.integers(0, len(MOVES) - 1), max_size=100))
    def test_each_text_is_stored_and_each_message_delivered_once_and_in_order(self, moves: list[int]) -> None:
        walker = Walker()

        for move in moves:
            MOVES[move](walker)
            for room in ROOMS:
                self.check_delivered(walker, room)
        walker.finish()

        for room in ROOMS:
            self.check_all(walker, room)
        for room, text, numbers in walker.answers:
            self.assertEqual([text], [walker.server.texts(room)[number - 1] for number in numbers])

    def check_delivered(self, walker: Walker, room: str) -> None:
        """At any moment the messages delivered are 1, 2, 3 … and none is missed."""
        events = walker.harness.events[room]
        numbers = [event.number for event in events if isinstance(event, ChatMessage)]
        self.assertEqual(list(range(1, len(events) + 1)), numbers)

    def check_all(self, walker: Walker, room: str) -> None:
        stored = walker.server.texts(room)
        self.assertEqual(stored, texts(walker.harness.events[room]))
        self.assertEqual(walker.said[room], [text for text in stored if "from Bob" not in text])

    @hypothesis_settings(max_examples=150)
    @given(st.lists(st.tuples(st.sampled_from(ROUNDS), st.integers(0, 12)), max_size=40))
    def test_after_a_server_has_gone_back_its_new_history_is_delivered(self, rounds: list[tuple[str, int]]) -> None:
        server = MemoryServer(catch_up=3)
        harness = SessionHarness(server)
        harness.session.join("lobby", harness.listener("lobby"), 0)

        for kind, number in rounds:
            move_on(kind, number, server, harness)
            self.assertEqual(list(range(1, len(anew(harness)) + 1)), [each.number for each in anew(harness)])
        harness.lose()
        move_on("settle", 0, server, harness)

        self.assertEqual(server.texts("lobby"), [each.text for each in anew(harness)])

    @hypothesis_settings(max_examples=100)
    @given(st.lists(st.tuples(st.integers(1, 700), st.integers(0, 700)), max_size=4))
    def test_expired_messages_are_missed_and_the_rest_delivered_in_order(self, rounds: list[tuple[int, int]]) -> None:
        server = MemoryServer()
        harness = SessionHarness(server)
        harness.session.join("lobby", harness.listener("lobby"), 0)

        first = 1
        for said, forgotten in rounds:
            for index in range(said):
                server.say("lobby", f"{index}")
            first = max(first, len(server.texts("lobby")) - forgotten + 1)
            server.expire("lobby", first)
            harness.connect()
            harness.settle()
            harness.lose()

        covered: list[int] = []
        for event in harness.events["lobby"]:
            if isinstance(event, Missed):
                covered += range(event.first, event.last + 1)
            elif isinstance(event, ChatMessage):
                covered.append(event.number)
        self.assertEqual(list(range(1, sum(said for said, _ in rounds) + 1)), covered)
