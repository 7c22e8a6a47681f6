"""Settings of sources that are not asked."""

from dataclasses import replace

import pytest

from mixsvc.config.settings import RatesSettings
from mixsvc.rates.sources import unused_settings

JSON = replace(RatesSettings(), json_url="https://example.org/", json_date="day")


def test_they_are_named_with_the_source_that_is_missing() -> None:
    assert unused_settings(JSON) == (
        "[rates] json_url, json_date: not used, as sources = ecb, archive does not name json"
    )
    assert unused_settings(replace(RatesSettings(), ecb_url="https://example.org/", sources=("json",))) == (
        "[rates] ecb_url: not used, as sources = json does not name ecb"
    )


@pytest.mark.parametrize(
    "settings",
    [
        RatesSettings(),
        replace(JSON, sources=("json",)),
        # The history of the bank fills gaps.
        replace(RatesSettings(), sources=("json",), ecb_history_url=""),
    ],
)
def test_nothing_is_said_of_what_is_used(settings: RatesSettings) -> None:
    assert unused_settings(settings) == ""
