"""Currency codes: their form, their decimals, and the sentence about an unknown one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.currencies import decimals, is_currency, parse_currency, unknown_currency


@pytest.mark.parametrize("code", ["EUR", "USD", "XXX"])
def test_three_capital_letters_are_a_code(code: str) -> None:
    assert is_currency(code)


@pytest.mark.parametrize("text", ["", "eur", "EU", "EURO", "E1R", "ÄBC", "EUR\n", "ＥＵＲ", "ſek"])
def test_anything_else_is_none(text: str) -> None:
    assert not is_currency(text)


@pytest.mark.parametrize("text", ["EUR", "eur", "Eur"])
def test_people_may_write_a_code_in_any_case(text: str) -> None:
    assert parse_currency(text) == "EUR"


# Upper case makes ASCII letters of some that are not: "ß" becomes "SS", and the long s an S.
@pytest.mark.parametrize("text", ["", "EU", "EURO", "E1R", "ßK", "ſek", "EUR\n", " EUR"])
def test_what_is_no_code_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match="give the three letters of a currency, such as EUR"):
        parse_currency(text)


@given(st.text())
def test_whatever_is_parsed_is_a_code(text: str) -> None:
    try:
        code = parse_currency(text)
    except ValueError:
        return
    assert is_currency(code)


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    found = {code: decimals(code) for code in ("EUR", "USD", "JPY", "KRW", "ISK", "HUF", "KWD", "CLF")}

    assert found == {"EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "ISK": 0, "HUF": 2, "KWD": 3, "CLF": 4}


def test_the_error_about_an_unknown_currency_names_similar_ones() -> None:
    assert unknown_currency("'USX'", ["USD"]) == "'USX' is not a currency known here; did you mean USD?"
    assert unknown_currency("QQQ", []) == "QQQ is not a currency known here."
