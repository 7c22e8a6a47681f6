"""Texts of strangers: surrogates, and words that are nearly a known one."""

import json
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.text import (
    decode_utf8,
    did_you_mean,
    parse_json,
    plain,
    printable,
    shortened,
    similar,
    unknown_option,
    without_surrogates,
)

SURROGATES = st.characters(categories=["Cs"])


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("", ""),
        ("plain ä 😀", "plain ä 😀"),
        ("\ud83d\ude00", "😀"),
        ("x\ud800y\udc00", "x\ufffdy\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud800\ud83d\ude00", "\ufffd😀"),
        ("\ud800😀", "\ufffd😀"),
    ],
)
def test_pairs_are_joined_and_lone_surrogates_replaced(text: str, repaired: str) -> None:
    assert without_surrogates(text) == repaired


@given(st.text(st.one_of(st.characters(), SURROGATES)))
def test_a_repaired_text_fits_into_utf_8_and_stays(text: str) -> None:
    repaired = without_surrogates(text)

    assert repaired.encode().decode() == repaired == without_surrogates(repaired)


@given(st.text())
def test_a_text_that_json_has_escaped_comes_back(text: str) -> None:
    assert without_surrogates(json.loads(json.dumps(text))) == text


def test_encoded_surrogates_are_decoded_and_other_bytes_refused() -> None:
    assert decode_utf8(b"\xed\xa0\x80 \xc3\xa4") == "\ud800 ä"
    with pytest.raises(UnicodeDecodeError):
        decode_utf8(b"\xff")


def test_similar_words_come_the_most_similar_first_and_not_too_many() -> None:
    known = ["USD", "EUR", "UAH", "AUD", "USN"]

    assert sorted(similar("USX", known, 2)) == ["USD", "USN"]
    assert similar("EUX", known)[0] == "EUR"
    assert similar("intervall", {"interval": 1, "timeout": 2}) == ["interval"]
    assert similar("zzz", known) == []


def test_an_option_is_offered_for_its_letters_and_not_for_its_dashes() -> None:
    known = ["--config", "--port", "-p"]

    assert unknown_option("--prot", known) == "there is no option --prot; did you mean --port?"
    assert unknown_option("--bogus", known) == "there is no option --bogus; --help lists them"


def test_words_are_offered_at_the_end_of_a_sentence() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["USD"]) == "; did you mean USD?"
    assert did_you_mean(["USD", "AUD"]) == "; did you mean USD or AUD?"


def test_a_member_of_an_enum_is_its_text() -> None:
    class Topic(str, Enum):  # noqa: UP042  # StrEnum writes its text
        ORDERS = "orders"

    assert f"{plain(Topic.ORDERS)}" == "orders"
    assert [plain(value) for value in ("text", b"text", None, 7)] == ["text", b"text", None, 7]


def test_json_is_parsed() -> None:
    assert parse_json(' {"a": [1, -0.5, true, null, "\\u00e4"]} ') == {"a": [1, -0.5, True, None, "ä"]}


@pytest.mark.parametrize(
    "text", ["", "NaN", "[Infinity]", "[-Infinity]", "[1,]", "{'a': 1}", "\ufeff1", "9" * 5000, "1 2"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_nested_brackets_end_in_a_recursion_error() -> None:
    with pytest.raises(RecursionError):
        parse_json("[" * 100_000)


def test_what_controls_a_terminal_is_not_printed() -> None:
    assert printable("é 日\x1b[31m\r\n\x9b\u202e\udc80") == "é 日 [31m     "


def test_a_long_text_is_shortened() -> None:
    assert shortened("x" * 20) == "x" * 20
    assert shortened("x" * 21) == "x" * 20 + "…"
