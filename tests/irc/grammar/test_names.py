import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common import names
from mixsvc.irc.grammar.names import (
    CHANNEL_BYTES,
    NICK_BYTES,
    channel_of,
    folded,
    ident_of,
    name_of,
    nick_of,
    room_of,
)

# What IRC takes for something else in a nickname, or at its beginning.
NOWHERE, NOT_FIRST = set(" !@,*?.:\0\r\n"), set("#&$+%~:")


def _normal(text: str) -> str | None:
    try:
        return names.normalise(text)
    except names.BadName:
        return None


# Texts of any script, and those that try to look like what the mapping makes.
TEXTS = st.one_of(st.text(max_size=40), st.text("ab{}|2e7cAF#&$+%~!@,*?.:_ äßΩ語\u0300", max_size=34))
NAMES = TEXTS.map(_normal).filter(lambda name: name is not None)


@given(NAMES)
def test_a_nickname_says_which_name_it_stands_for(name: str) -> None:
    assert name_of(nick_of(name)) == name


@given(NAMES)
def test_irc_can_have_every_nickname(name: str) -> None:
    nick = nick_of(name)
    assert nick and not set(nick) & NOWHERE and nick[0] not in NOT_FIRST
    assert len(nick.encode()) <= NICK_BYTES and len(nick.split()) == 1


@given(NAMES, NAMES)
def test_nicknames_that_clients_take_for_one_are_of_one_person(one: str, other: str) -> None:
    if folded(nick_of(one)) == folded(nick_of(other)):
        assert names.key(one) == names.key(other)


@given(NAMES)
def test_a_nickname_in_other_case_is_of_the_same_person(name: str) -> None:
    assert names.key(name_of(folded(nick_of(name)))) == names.key(name)


@given(st.text(max_size=60))
def test_every_text_is_some_name_and_that_one_has_one_nickname(text: str) -> None:
    name = _normal(name_of(text))
    if name is not None:
        assert name_of(nick_of(name)) == name


@given(st.text("abcäß語-_.09", min_size=1, max_size=32).filter(names.is_room_name))
def test_a_channel_says_which_room_it_stands_for(room: str) -> None:
    channel = channel_of(room)
    assert room_of(channel) == room and len(channel.encode()) <= CHANNEL_BYTES
    assert not set(channel) & set(" ,\x07\0\r\n")


@pytest.mark.parametrize(
    ("name", "nick"),
    [
        ("Ann", "Ann"),
        ("Ann Lee", "Ann|Lee"),
        ("J.R.", "J{2e}R{2e}"),
        ("#1", "{23}1"),
        ("a#1", "a#1"),
        ("a|b", "a{7c}b"),
        ("{2e}", "{7b}2e}"),
        ("{x}", "{x}"),
        ("Jürgen", "Jürgen"),
        ("john_doe", "john_doe"),
    ],
)
def test_nicknames_look_like_names(name: str, nick: str) -> None:
    assert nick_of(name) == nick


def test_the_user_name_is_the_same_for_all_spellings_of_a_name() -> None:
    assert ident_of("Ann") == ident_of("ANN") != ident_of("Ben")
    assert len(ident_of("Ann")) == 10


def test_braces_around_no_character_stay() -> None:
    assert name_of("{d800}{110000}{zz}") == "{d800}{110000}{zz}"


def test_what_is_no_channel_is_no_room() -> None:
    assert room_of("lobby") == ""
