"""The promises of docs/chat-protocol.md on random walks: people join, say, repeat, leave, come back; the disk fails."""

import sqlite3
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.fakes import ChatHouse, Client

PEOPLE = 4


class Person:
    """Somebody who keeps what they saw of the lobby over all their connections."""

    def __init__(self, house: ChatHouse, name: str) -> None:
        self.house = house
        self.name = name
        self.seen: list[tuple[int, str]] = []
        self.acknowledged: dict[str, int] = {}
        self.said = 0
        self.client = self.connect()

    def connect(self) -> Client:
        client = self.house.client()
        client.transport.on_write = lambda: self.read(client.transport.received[-1])
        client.send("hello", name=self.name)
        return client

    def read(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "joined":
                self.seen += [(each["number"], each["text"]) for each in message["messages"]]
            case "message":
                self.seen.append((message["number"], message["text"]))
            case "said":
                # The same key always has the same number.
                assert self.acknowledged.setdefault(message["key"], message["number"]) == message["number"]

    def join(self) -> None:
        self.client.send("join", room="lobby", since=self.seen[-1][0] if self.seen else 0)

    def leave(self) -> None:
        self.client.send("leave", room="lobby")

    def say(self) -> None:
        self.said += 1
        self.say_last()

    def say_last(self) -> None:
        key = f"{self.name} {self.said}"
        self.client.send("say", room="lobby", text=key, key=key)

    def come_back(self) -> None:
        self.client.lose()
        self.client = self.connect()
        self.join()


def database_step(house: ChatHouse, what: str) -> None:
    if house.database.done:
        house.database.tell()
    elif house.database.asked:
        {"work": house.database.commit, "fail": house.database.fail}[what]()


MOVES: list[Callable[[Person], None]] = [
    Person.join,
    Person.leave,
    Person.say,
    Person.say,
    Person.say_last,
    Person.come_back,
    lambda person: database_step(person.house, "work"),
    lambda person: database_step(person.house, "work"),
    lambda person: database_step(person.house, "work"),
    lambda person: database_step(person.house, "fail"),
]


class WalkTests(SynchronousTestCase):
    @hypothesis_settings(max_examples=200)
    @given(st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, len(MOVES) - 1)), max_size=120))
    def test_everyone_sees_everything_once_in_order_and_what_is_acknowledged_is_stored(
        self, moves: list[tuple[int, int]]
    ) -> None:
        house = ChatHouse(keep=1000)
        people = [Person(house, f"person {index}") for index in range(PEOPLE)]

        for who, move in moves:
            MOVES[move](people[who])
            for person in people:
                self.check_order(person)
        self.finish(house, people)

        self.check_all(house, people)
        house.database.connection.close()

    def check_order(self, person: Person) -> None:
        """At any moment what was seen is 1, 2, 3 … without gap or double."""
        self.assertEqual(list(range(1, len(person.seen) + 1)), [number for number, _ in person.seen])

    def finish(self, house: ChatHouse, people: list[Person]) -> None:
        if house.database.done:
            house.database.tell()
        house.database.settle()
        for person in people:
            person.come_back()
        house.database.settle()
        self.flushLoggedErrors(sqlite3.OperationalError)

    def check_all(self, house: ChatHouse, people: list[Person]) -> None:
        rows = house.database.rows()
        self.assertEqual(list(range(1, len(rows) + 1)), [number for number, _ in rows])
        self.assertEqual(len(rows), len({text for _, text in rows}))
        for person in people:
            self.assertEqual(rows, person.seen)
            for key, number in person.acknowledged.items():
                self.assertIn((number, key), rows)
