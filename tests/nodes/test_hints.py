"""How hints are written and read."""

import json

import pytest

from mixsvc.nodes.hints import Gone, Hint, LifeSign, Moved, NewRates, Published, Recorded, Said, read_hint, write_hint

MOVED = Moved(3, 7, 2, {"lobby": (["Ann"], ["bob"])})


@pytest.mark.parametrize(
    "hint",
    [Said({"lobby": 5, "Übung": 6}), Published({"a:1": 7}), Recorded(9), NewRates(), LifeSign(3, 8), Gone([2, 5])],
)
def test_a_hint_is_read_as_it_was_written(hint: Hint) -> None:
    assert [read_hint(text) for text in write_hint(3, hint)] == [(3, hint)]


def test_who_came_and_went_is_in_the_hint() -> None:
    (text,) = write_hint(3, MOVED)

    found = read_hint(text)

    assert found is not None and isinstance(found[1], Moved)
    assert found[1].rooms == {"lobby": (["Ann"], ["bob"])}
    assert (found[0], found[1].node, found[1].number, found[1].journal) == (3, 3, 7, 2)


def test_many_rooms_take_several_texts_that_a_notification_holds() -> None:
    lasts = {f"{number:02}{'ü' * 30}": 2**53 for number in range(120)}

    texts = list(write_hint(3, Said(lasts)))

    assert len(texts) > 1 and all(len(text.encode()) <= 7900 for text in texts)
    assert {room: last for text in texts for room, last in json.loads(text)["m"].items()} == lasts


def test_many_topics_with_the_longest_names_take_several_texts_that_a_notification_holds() -> None:
    lasts = {f"{number:02}{chr(0x20000) * 98}": 2**53 for number in range(60)}

    texts = list(write_hint(3, Published(lasts)))

    assert all(len(text.encode()) <= 7900 for text in texts)
    assert {topic: last for text in texts for topic, last in json.loads(text)["t"].items()} == lasts


def test_names_that_do_not_fit_are_left_out_so_that_the_rows_are_read() -> None:
    long = Moved(3, 7, 2, {"lobby": ([f'{number}"""""""""""""""""' for number in range(300)], [])})

    (text,) = write_hint(3, long)

    assert read_hint(text) == (3, Moved(3, 7, 2, None))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '{"n": 1}',
        '{"m": {}}',
        '{"n": 1, "z": 1}',
        '{"n":1,"m":7}',
        '{"n":1,"p":[1,1,{"lobby":7}]}',
    ],
)
def test_what_a_newer_node_may_say_is_passed_over(text: str) -> None:
    assert read_hint(text) is None
