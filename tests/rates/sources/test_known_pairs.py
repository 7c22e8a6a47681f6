"""Pairs of the settings that no source can quote."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mixsvc.common.currencies import EURO
from mixsvc.config.parsers import pairs
from mixsvc.config.settings import RatesSettings
from mixsvc.errors import BadSetting
from mixsvc.rates.sources.archive import packaged_archive
from mixsvc.rates.sources.ecb_csv import read_csv_table
from mixsvc.rates.sources.known_pairs import check_pairs


def settings(text: str, *sources: str) -> RatesSettings:
    return replace(RatesSettings(), pairs=pairs(text), sources=sources or ("ecb", "archive"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("EUR/USX", "[rates] pairs = EUR/USX: USX is not a currency known here; did you mean USD?"),
        ("EUR/USD, gpb/eur", "[rates] pairs = GPB/EUR: GPB is not a currency known here; did you mean GBP"),
        (
            "EUR/RSD",
            "[rates] pairs = EUR/RSD: the European Central Bank has never quoted RSD; name json in [rates] sources",
        ),
        ("EUR/QQQ", "[rates] pairs = EUR/QQQ: QQQ is not a currency known here"),
    ],
)
def test_a_currency_that_the_bank_never_quoted_is_refused_with_what_the_api_suggests(text: str, said: str) -> None:
    with pytest.raises(BadSetting) as raised:
        check_pairs(settings(text))

    assert str(raised.value).startswith(said) and "\n" not in str(raised.value)


def test_every_currency_that_the_bank_has_quoted_is_accepted() -> None:
    codes = [code for code in read_csv_table(packaged_archive()).codes if code]

    for source in ("ecb", "archive"):
        check_pairs(settings(", ".join(f"{EURO}/{code}" for code in codes), source))


def test_a_json_source_may_quote_any_currency() -> None:
    check_pairs(settings("EUR/BTC", "json", "ecb"))


def test_without_an_archive_nothing_is_refused(tmp_path: Path) -> None:
    check_pairs(settings("EUR/USX"), lambda: tmp_path / "nowhere.zip")


def test_for_pairs_that_are_known_no_day_is_read(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.csv", "Date,USD,\nno day\n")

    check_pairs(settings("EUR/USD"), lambda: path)
    check_pairs(settings("EUR/QQQ"), lambda: path)
