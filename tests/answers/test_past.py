"""Histories that are kept from one request to the next."""

import pytest

from mixsvc.answers.past import OVERHEAD, KeptHistories, NotKept


def kept(histories: KeptHistories, count: int) -> list[int]:
    """The keys that are kept, of so many."""
    found = []
    for key in range(count):
        try:
            histories.kept(key, bytes)
        except NotKept:
            continue
        found.append(key)
    return found


@pytest.mark.parametrize("body", [b"", b"x" * OVERHEAD])
def test_no_more_are_kept_than_have_room_and_those_go_that_were_not_asked_for(body: bytes) -> None:
    histories = KeptHistories(3 * (len(body) + OVERHEAD))

    for key in range(3):
        histories.made(key, lambda: body)
    histories.made(0, lambda: b"other")
    for key in range(3, 5):
        assert histories.made(key, lambda: body).body == body

    assert kept(histories, 5) == [0, 3, 4]


def test_one_without_a_key_is_not_kept() -> None:
    histories = KeptHistories()
    assert histories.made(None, lambda: b"a").body == b"a"
    assert histories.made(None, lambda: b"b").body == b"b"
