"""Whoever writes what the message about a mistake advises has no mistake."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from mixsvc.application import check_places
from mixsvc.config.reading import inspect_settings
from mixsvc.config.settings import SECTIONS
from mixsvc.errors import BadSetting

BAD = ["x", "x y", "é/", "/", "/api", "-1", "1e999", "9" * 30, "ftp://x/", "EUR/EUR", "http://a/{b}", "a: b", ""]

# An example ends before an explanation, and before the next one.
EXAMPLE = re.compile(r"such as (.+?)(?=,? \(|,? or |, |; |: it |: the |: a |$)")
RANGE = re.compile(r"from (\S+) to (\S+)$")

# These may only be changed together with another setting, which a second message says.
TOGETHER = {("chat", "max_text"), ("chat", "max_message"), ("nodes", "heartbeat"), ("nodes", "dead_after")}

# A URL is only a part of its line.
OF_A_PART = ("webhooks", "outgoing")


def mistakes(section: str, key: str, text: str) -> list[str]:
    """What is wrong with a file of one setting."""
    value = text.replace("\n", "\n ")
    Path("mixsvc.ini").write_text(f"[{section}]\n{key} = {value}\n")
    found = inspect_settings("mixsvc.ini", {})
    said = [str(each) for each in found.mistakes]
    try:
        check_places(found.settings)
    except BadSetting as error:
        said.append(str(error))
    return said


def advised(said: str) -> list[str]:
    """What a message says to write."""
    found = RANGE.search(said)
    return [*EXAMPLE.findall(said), *(found.groups() if found else ())]


def advices() -> Iterator[tuple[str, str, str]]:
    """Each setting, and what the messages about it advise, with what their advice leads to."""
    for section, kind in SECTIONS.items():
        for key in (each.name for each in fields(kind)):
            for bad in BAD:
                for said in mistakes(section, key, bad):
                    yield from ((section, key, text) for text in advised(said))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_a_message_advises_is_right() -> None:
    wrong = [
        (section, key, text)
        for section, key, text in dict.fromkeys(advices())
        if (section, key) not in {*TOGETHER, OF_A_PART} and mistakes(section, key, text)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("section", "key", "text"),
    [
        ("web", "wsgi", "yourpackage.wsgi:app"),
        ("web", "pages", "/mixsvc"),
        ("web", "socketio_path", "/socket.io"),
        ("chat", "prefix", "/chat"),
        ("chat", "url", "https://chat.example.org/chat"),
        ("chat", "authenticator", "yourpackage.auth:who"),
        ("chat", "rate", "1000000"),
        ("topics", "keep_for", "1000000000"),
        ("webhooks", "outgoing", "crm https://crm.example.org/chat"),
        ("rates", "ecb_history_url", "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"),
        ("rates", "json_url", "https://example.org/rates?base={base}"),
    ],
)
def test_each_setting_has_an_example_of_its_own(section: str, key: str, text: str) -> None:
    assert text in advised(mistakes(section, key, "x")[0])
