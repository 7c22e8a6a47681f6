import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.irc.grammar.texts import MOST_LINES, action_of, is_ctcp, plain, split, spoken

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
FLAG = "🇩🇪"


@given(st.text(max_size=300), st.integers(4, 60))
def test_parts_fit_and_together_are_the_text(text: str, room: int) -> None:
    parts = list(split(text, room))
    assert "".join(parts) == text
    assert all(0 < len(each.encode()) <= room for each in parts)


@pytest.mark.parametrize("character", [FAMILY, FLAG, "e\u0301", "👍🏽", "한".encode().decode(), "\u1112\u1161\u11ab"])
def test_what_is_shown_as_one_character_is_not_cut(character: str) -> None:
    for before in range(30):
        for each in split("x" * before + character * 3, 30 + len(character.encode())):
            assert not each.replace(character, "").strip("x")


def test_a_text_is_cut_at_a_space_if_one_is_near() -> None:
    assert list(split("one two three", 9)) == ["one two ", "three"]


def test_a_space_far_away_does_not_count() -> None:
    assert [len(each) for each in split("a " + "b" * 300, 200)] == [200, 102]


def test_lines_become_texts_of_their_own_and_empty_ones_nothing() -> None:
    assert spoken("a\n\n  \r\nb\u2028c", 100) == ["a", "b", "c"]


def test_a_text_of_white_space_is_one_empty_line() -> None:
    assert spoken(" \n ", 100) == [""]


def test_commands_to_clients_cannot_come_in_by_a_text() -> None:
    assert spoken("\x01VERSION\x01\tx\x02", 100) == ["\ufffdVERSION\ufffd x\ufffd"]


def test_of_many_lines_the_last_says_how_many_are_missing() -> None:
    found = spoken("\n".join(map(str, range(MOST_LINES + 5))), 100)
    assert len(found) == MOST_LINES and found[-2:] == ["98", "… and 6 more lines"]
    assert len(spoken("\n".join(map(str, range(MOST_LINES))), 100)) == MOST_LINES
    assert spoken("\n".join(map(str, range(MOST_LINES))), 100)[-1] == "99"


def test_formatting_codes_are_taken_out() -> None:
    assert plain("\x02b\x02 \x0304,12red\x03 \x04ff0000x\x1d\x0f\x034") == "b red x"


def test_an_action_is_told_from_other_requests() -> None:
    assert action_of("\x01ACTION waves\x01") == action_of("\x01ACTION waves") == "waves"
    assert action_of("ACTION waves") is None and action_of("\x01VERSION\x01") is None
    assert is_ctcp("\x01VERSION\x01") and not is_ctcp("hello")
