"""What a view may say to mix.hold."""

import time
from enum import Enum
from typing import Any

import pytest

from mixsvc.errors import NotPublished
from mixsvc.holds.asked import LONGEST_FIRST, held_response
from mixsvc.holds.response import Answered, HeldResponse, cannot_hold, refused
from mixsvc.interfaces.holds import HOLDS, TOPICS, Hold
from mixsvc.interfaces.topics import MOST_TOPICS
from mixsvc.wsgi.children.frames import MAX_FRAME
from tests.topics.fakes import Topics


def asked(*topics: Any, **options: Any) -> Hold:
    """The hold of a response."""
    holds: list[tuple[str, Hold]] = []
    held_response(topics, options, cannot_hold).headers({HOLDS: holds})  # type: ignore[arg-type]
    ((_, hold),) = holds
    return hold


def test_topics_are_named_each_once_in_their_order() -> None:
    assert asked("b", "a", "b") == Hold(TOPICS, ("b", "a"))


def test_all_options() -> None:
    hold = asked(
        "order-42",
        since="3@e",
        first="<p>",
        retry=2000,
        timeout=10,
        again_after=600,
        person="ada",
        headers={"X-A": "b"},
    )

    assert hold == Hold(TOPICS, ("order-42",), "3@e", "ada", 2000, 10.0, "<p>", 600.0)


class Topic(str, Enum):  # noqa: UP042  # StrEnum writes its text
    """Whose members f-strings write by their names."""

    ORDER = "order-42"
    POSITION = "3@e"


def test_members_of_an_enum_are_their_texts() -> None:
    hold = asked(Topic.ORDER, since=Topic.POSITION, first=Topic.ORDER, person=Topic.ORDER)

    assert hold == Hold(TOPICS, ("order-42",), "3@e", "order-42", first="order-42")
    assert [type(each) for each in (*hold.names, hold.since, hold.first, hold.person)] == [str] * 4


def test_an_option_that_is_none_is_not_given() -> None:
    assert asked("a", since=None, first=None, timeout=None, headers=None) == Hold(TOPICS, ("a",))


def test_first_is_text_or_becomes_json() -> None:
    assert asked("a", first={"state": "paid"}).first == '{"state": "paid"}'
    assert asked("a", first="").first == ""


def test_what_first_may_have_fits_into_a_frame_of_a_process() -> None:
    for longest in ("\x01" * LONGEST_FIRST, "\U0001f600" * (LONGEST_FIRST // 4)):
        assert len(asked("a", first=longest).encode()) < MAX_FRAME / 2


def test_headers_are_those_of_the_response() -> None:
    response = held_response(["a"], {"headers": {"X-A": "b"}}, cannot_hold)

    assert response.headers({HOLDS: []})["X-A"] == "b"


@pytest.mark.parametrize("topic", ["", "no topic", "a/b", None, 42, ["b", "c"], "x" * 101, "\0"])
def test_what_cannot_be_a_topic_is_refused(topic: Any) -> None:
    with pytest.raises(NotPublished, match="mix.hold"):
        asked("a", topic)


def test_what_is_closed_before_the_view_returns_came_after_its_decision() -> None:
    holds: list[tuple[str, Hold]] = []
    tickets: list[float] = []

    def elsewhere(environ: Any, hold: Hold) -> Answered:
        tickets.append(hold.decided)
        return refused("501 Not Implemented", "")

    HeldResponse(Hold(TOPICS, ("a",), decided=5.0), {}, cannot_hold).headers({HOLDS: holds})
    response: Any = HeldResponse(Hold(TOPICS, ("a",), decided=5.0), {}, elsewhere)
    response({"REQUEST_METHOD": "GET"}, lambda status, fields: None)

    assert (holds[0][1].decided, tickets) == (5.0, [5.0])


def test_each_further_use_of_one_response_is_a_decision_of_its_own() -> None:
    response = HeldResponse(Hold(TOPICS, ("a",), decided=0.0), {}, cannot_hold)
    holds: list[tuple[str, Hold]] = []
    before = time.time()
    for _ in range(2):
        response.headers({HOLDS: holds})

    assert before <= holds[1][1].decided <= time.time()


def test_a_hold_has_a_topic_and_not_too_many() -> None:
    with pytest.raises(NotPublished, match="name a topic"):
        asked()
    # As many as can be followed.
    Topics().read(*asked(*map(str, range(MOST_TOPICS))).names)
    with pytest.raises(NotPublished, match="too many"):
        asked(*map(str, range(MOST_TOPICS + 1)))
    with pytest.raises(NotPublished, match="too long"):
        asked(*(f"{number:02}{'𠀀' * 98}" for number in range(MOST_TOPICS)))


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": "5"},
        {"timeout": True},
        {"timeout": float("nan")},
        {"timeout": 3601},
        {"again_after": -1},
        {"retry": 0},
        {"since": "x"},
        {"since": -1},
        {"since": 1.5},
        {"person": ""},
        {"person": 7},
        {"person": "a\0"},
        {"first": "\ud800"},
        {"first": float("nan")},
        {"first": {"when": object()}},
        {"first": "é" * (LONGEST_FIRST // 2 + 1)},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"mix.hold: {next(iter(options))}"):
        asked("a", **options)


def test_an_unknown_option_is_refused_with_the_one_that_is_meant() -> None:
    with pytest.raises(TypeError, match="timeout"):
        asked("a", timeuot=3)
