"""Positions in topics, as they stand in ?since= and in the ids of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.numbers import MAX_JSON_NUMBER
from mixsvc.common.positions import LONGEST_POSITION, Position, read_position, resumed, write_position

TOPICS = st.sampled_from(["order-42", "a", "user:7", "Bestellung-ä", "x.y_z"])
POSITIONS = st.builds(
    Position,
    st.dictionaries(TOPICS, st.integers(0, MAX_JSON_NUMBER), min_size=1),
    st.sampled_from(["", "9f3c0a1b2c3d4e5f", "A-b_c.d"]),
)


@given(POSITIONS)
def test_a_position_is_read_as_it_was_written(position: Position) -> None:
    assert read_position(write_position(position), list(position.numbers)) == position


def test_the_position_in_one_topic_is_the_number_alone() -> None:
    assert write_position(Position({"order-42": 12})) == "12"
    assert write_position(Position({"order-42": 12}, "e7")) == "12@e7"
    assert write_position(Position({"a": 12, "b": 7}, "e7")) == "a=12,b=7@e7"


def test_letters_that_scripts_cannot_send_in_a_header_are_encoded() -> None:
    """fetch, with which htmx and libraries follow streams, takes Latin-1 only, and sends it as such."""
    position = Position({"größe": 12, "a:b": 7, "大小-1": 3}, "e7")
    assert write_position(position) == "gr%C3%B6%C3%9Fe=12,a:b=7,%E5%A4%A7%E5%B0%8F-1=3@e7"
    # As a browser sends it that had it from an address in a page.
    assert read_position("größe=12,a:b=7,大小-1=3@e7", list(position.numbers)) == position


def test_a_position_that_would_be_too_long_when_encoded_is_written_as_it_is() -> None:
    position = Position({f"{number}{'ж' * 90}": number for number in range(50)})
    assert len(write_position(position).encode()) < 12_000
    assert read_position(write_position(position), list(position.numbers)) == position


def test_topics_that_are_not_followed_are_left_out_and_missing_ones_are_not_made_up() -> None:
    assert read_position("a=12,b=7@e7", ["b", "c"]) == Position({"b": 7}, "e7")
    assert read_position("order-42=12", ["order-42"]) == Position({"order-42": 12})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1.0",
        "01",
        " 1",
        "1 ",
        "1\n",
        "\u0661",
        "1e3",
        "x",
        str(MAX_JSON_NUMBER + 1),
        "9" * 5000,
        "1@",
        "1@e@f",
        "1@e f",
        "1@\u00e9",
        "1@" + "e" * 65,
        "a=",
        "a=1,",
        "a=1,a=2",
        "=1",
        "a =1",
        "a=1;b=2",
        "a=b=1",
        "%FF=1",
        "a%3D=1",
        "a=1,%61=2",
        "a" * (LONGEST_POSITION + 1),
    ],
)
def test_what_is_no_position_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_position(text, ["a"])
    assert text not in str(raised.value) or len(text) < 4


def test_a_number_alone_is_refused_for_several_topics() -> None:
    with pytest.raises(ValueError, match="of which topic"):
        read_position("12", ["a", "b"])


def test_what_was_seen_last_counts_within_the_epoch_of_the_page() -> None:
    since = Position({"a": 3, "b": 4}, "e1")
    assert resumed(since, Position({"a": 9})) == Position({"a": 9, "b": 4}, "e1")


def test_what_was_seen_last_in_another_epoch_replaces_what_the_page_knew() -> None:
    since = Position({"a": 3, "b": 4}, "e1")
    assert resumed(since, Position({"a": 1}, "e2")) == Position({"a": 1}, "e2")
    assert resumed(Position({"b": 4}), Position({"a": 1}, "e2")) == Position({"a": 1, "b": 4}, "e2")
