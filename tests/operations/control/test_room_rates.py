"""Messages a second by room, found out a few rooms at a time."""

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from mixsvc.chat.model.people import Person
from mixsvc.chat.model.rooms import Room
from mixsvc.nodes.alone import alone
from mixsvc.operations.control.room_rates import AT_ONCE, RoomRates


def rooms(count: int) -> list[Room]:
    roster = alone().roster
    return [Room(f"room-{number}", False, roster) for number in range(count)]


def test_before_the_second_look_no_rate_is_known() -> None:
    rates = RoomRates(Clock(), lambda: rooms(2), 10)
    assert [each["name"] for each in rates.listed()] == ["room-0", "room-1"]

    rates.start()

    assert [each["per_second"] for each in rates.listed()] == [None, None]


def test_the_rooms_with_the_most_messages_come_first_then_those_with_the_most_members() -> None:
    clock, known = Clock(), rooms(4)
    rates = RoomRates(clock, lambda: known, 3)
    rates.start()
    known[2].heard(10)
    transport: Any = object()
    known[3].enter(transport, Person("id", "Ann"))

    clock.advance(5)

    assert [(each["name"], each["per_second"], each["members"]) for each in rates.listed()] == [
        ("room-2", 2.0, 0),
        ("room-3", 0.0, 1),
        ("room-0", 0.0, 0),
    ]


def test_a_room_that_comes_back_from_the_database_has_not_got_its_messages_now() -> None:
    clock, known = Clock(), rooms(1)
    rates = RoomRates(clock, lambda: known, 3)
    rates.start()
    known += rooms(2)[1:]
    known[1].heard(1000)

    clock.advance(5)

    assert [each["per_second"] for each in rates.listed()] == [0.0, 0.0]


def test_many_rooms_take_many_turns() -> None:
    class Turns(Clock):
        count = 0

        def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> Any:
            self.count += not delay
            return super().callLater(delay, callable, *args, **kw)

    clock = Turns()
    rates = RoomRates(clock, lambda: rooms(3 * AT_ONCE), 10)
    rates.start()
    clock.advance(0)

    assert clock.count == 2
    assert len(rates.listed()) == 10


def test_the_longer_a_look_takes_the_later_comes_the_next_one() -> None:
    clock = Clock()
    looks: list[float] = []

    def known() -> list[Room]:
        looks.append(clock.seconds())
        return rooms(2 * AT_ONCE)

    rates = RoomRates(clock, known, 10)
    rates.start()
    clock.advance(1)

    clock.advance(49)
    assert looks == [0.0]

    clock.advance(1)
    assert looks == [0.0, 51.0]


def test_it_ends() -> None:
    clock = Clock()
    rates = RoomRates(clock, lambda: rooms(1), 10)
    rates.start()

    rates.stop()

    assert not clock.getDelayedCalls()
