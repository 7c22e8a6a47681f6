"""Tokens of persons: what may be signed, and that nothing else is taken."""

from hashlib import sha256
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer

from mixsvc.common.person_tokens import BadToken, PersonTokens, SignedPerson

NOW = 1_795_000_000.0
KEY = b"a key of 16 bytes or more"


def tokens(key: bytes = KEY, now: float = NOW) -> PersonTokens:
    return PersonTokens(lambda: key, lambda: now)


def test_a_token_says_who_it_is_until_it_expires() -> None:
    token = tokens().sign("user 7", "Ａnn", rooms=["Lobby", "den", "lobby"], seconds=60)

    assert tokens().read(token, NOW + 59) == SignedPerson("user 7", "Ann", frozenset({"lobby", "den"}), NOW, NOW + 60)
    with pytest.raises(BadToken, match="has expired"):
        tokens().read(token, NOW + 60)


def test_without_more_it_is_valid_for_five_minutes_in_every_room() -> None:
    found = tokens().read(tokens().sign("7"), NOW)

    assert (found.name, found.rooms, found.until) == (None, None, NOW + 300)


def test_a_token_for_no_room_is_for_no_room() -> None:
    assert tokens().read(tokens().sign("7", rooms=[]), NOW).rooms == frozenset()


@pytest.mark.parametrize("token", ["", "x", "e30.x", "\u00fc", "a.b.c", "." * 4096])
def test_what_nobody_has_signed_is_no_token(token: str) -> None:
    with pytest.raises(BadToken, match="not signed by this service"):
        tokens().read(token, NOW)


def test_another_key_another_use_of_the_key_and_a_changed_token_are_none() -> None:
    token = tokens().sign("7")
    other_use = URLSafeSerializer(KEY, "cookie").dumps({"person": "7", "name": None, "rooms": None, "until": NOW * 2})

    for bad in (tokens(b"another key of 16 bytes").sign("7"), str(other_use), token[:-1], f"A{token}", token.upper()):
        with pytest.raises(BadToken):
            tokens().read(bad, NOW)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"person": ""}, "id of a person"),
        ({"person": "a\0"}, "id of a person"),
        ({"person": "\ud800"}, "id of a person"),
        ({"name": "\u202e"}, "name"),
        ({"name": "Ann (Hook)"}, "kept for webhooks"),
        ({"rooms": "lobby"}, "as a list"),
        ({"seconds": 0}, "1 to 86400 seconds, not for 0"),
        ({"seconds": 86_401}, "1 to 86400 seconds"),
        ({"seconds": float("nan")}, "1 to 86400 seconds"),
        ({"rooms": [sha256(bytes([number])).hexdigest()[:32] for number in range(255)]}, "name fewer rooms"),
    ],
)
def test_what_is_not_valid_is_not_signed_and_a_sentence_says_why(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tokens().sign(**{"person": "7", **given})


def test_the_key_is_read_once_when_it_is_needed() -> None:
    asked: list[int] = []

    def key() -> bytes:
        asked.append(1)
        return KEY

    made = PersonTokens(key, lambda: NOW)
    assert asked == []
    made.read(made.sign("7"), NOW)

    assert asked == [1]


def test_without_a_key_there_is_one_at_random() -> None:
    first, second = PersonTokens(), PersonTokens()
    token = first.sign("7")

    assert first.read(token, 0).person == "7"
    with pytest.raises(BadToken):
        second.read(token, 0)
