"""The settings that differ from the default, without anything that may be secret."""

from pathlib import Path

import pytest

from mixsvc.config.reading import read_settings
from mixsvc.config.settings import Settings
from mixsvc.operations.control.settings_shown import changed_settings


def shown(text: str) -> dict[str, str]:
    """What is shown of the settings of a file: values by section and key."""
    Path("a.ini").write_text(text)
    found = changed_settings(read_settings("a.ini").within("/srv"), "/srv")
    return {f"{each['section']} {each['key']}": each["value"] for each in found}


def test_the_defaults_are_not_shown() -> None:
    assert changed_settings(Settings().within("/srv"), "/srv") == []


def test_what_differs_is_shown_as_it_is_written() -> None:
    assert shown(
        "[server]\nport = 81\nlisten =\naccess_log = off\ntrusted_proxies = 10.0.0.0/8, unix\ndrain = 2.5\n"
        "[chat]\nguests = no\nrooms = a, b\nrate = 1000000\n[rates]\npairs = EUR/USD, EUR/CHF\n"
    ) == {
        "server port": "81",
        "server access_log": "off",
        "server trusted_proxies": "10.0.0.0/8, unix",
        "server drain": "2.5",
        "chat guests": "no",
        "chat rooms": "a, b",
        "chat rate": "1000000",
        "rates pairs": "EUR/USD, EUR/CHF",
    }


@pytest.mark.parametrize(
    "text",
    [
        "[storage]\nurl = postgresql://u:s3cret@db/x\n",
        "[storage]\nurl = postgresql://db/x?password=s3cret\n",
        "[storage]\nurl = host=db password=s3cret\n",
        "[nodes]\nlisten_url = postgresql://u:s3cret@db/x\n[storage]\nurl = postgresql://db/x\n",
        "[rates]\njson_preset =\njson_url = https://rates.example.org/s3cret/latest\n",
        "[rates]\njson_headers = Authorization: Bearer s3cret\n",
        "[chat]\nurl = https://proxy.example.org/chat?s3cret\n",
        "[rates]\necb_url = https://proxy.example.org/x.xml?key=s3cret\n",
        "[webhooks]\noutgoing = crm https://hooks.example.org/services/s3cret\n",
        "[chat]\nmoderators = Ann: scrypt:32768:8:1$s3cret$00\n",
        "[server]\nlisten = http:8080:password=s3cret\n",
        "[server]\nlisten = http:8080:adminToken=s3cret\n",
    ],
)
def test_no_secret_is_shown(text: str) -> None:
    found = shown(text)

    assert found and "s3cret" not in str(found)
    assert any("(hidden)" in value for value in found.values())


def test_the_names_of_those_with_secrets_are_shown() -> None:
    found = shown("[webhooks]\noutgoing = crm https://hooks.example.org/services/s3cret\n")

    assert found == {"webhooks outgoing": "crm: (hidden)"}
