import re
from pathlib import Path

import pytest

from mixsvc.config.outgoing_hooks import OutgoingHook, add_secret, outgoing_hooks, read_secrets
from mixsvc.errors import BadSetting
from tests.builds import PROJECT

CRM = OutgoingHook("crm", "https://crm.example.org/in")


def test_a_line_is_a_name_a_url_and_what_is_told() -> None:
    text = """crm https://crm.example.org/in
      log http://127.0.0.1:9000/?a=b  events=message,hook rooms=lobby,dev"""
    usual = ("delete", "edit", "message")
    assert outgoing_hooks(text) == (
        OutgoingHook("crm", "https://crm.example.org/in", (), usual),
        OutgoingHook("log", "http://127.0.0.1:9000/?a=b", ("lobby", "dev"), ("hook", "message")),
    )
    assert outgoing_hooks("") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("crm", "give a name"),
        ("https://crm.example.org/in", "give a name"),
        ("crm ftp://x/", "give a URL"),
        ("crm https://u:p@x/", "without a name and password"),
        ("crm https://x/ room=a", "did you mean rooms"),
        ("crm https://x/ rooms=a/b", "room's name"),
        ("crm https://x/ events=edits", "did you mean edit"),
        ("crm https://x/ events=", "name at least one"),
        ("crm https://x/\ncrm https://y/", "crm is given twice"),
        ("\n".join(f"h{number} https://x/" for number in range(51)), "at most 50"),
    ],
)
def test_a_mistake_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        outgoing_hooks(text)


def test_each_secret_that_is_added_counts_beside_the_older_ones(tmp_path: Path) -> None:
    path = str(tmp_path / "secrets")
    first, second = add_secret(path, "crm"), add_secret(path, "crm")

    found = read_secrets([CRM], path)
    assert first.startswith("whsec_")
    assert len({first, second}) == 2
    assert [len(each) for each in found["crm"]] == [32, 32]
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no secret for crm"),
        ("crm whsec_c2hvcnQ=", "24 to 64 bytes"),
        ("crm " + "x" * 40, "whsec_"),
        ("crm whsec_" + "?" * 40, "line 1"),
        ("other whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no secret for crm"),
    ],
)
def test_a_secret_that_is_missing_or_weak_is_refused_without_showing_it(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "secrets"
    path.write_text(text)
    with pytest.raises(BadSetting, match=why) as error:
        read_secrets([CRM], str(path))
    assert "c2hvcnQ" not in str(error.value)


def test_a_file_is_needed_only_where_there_is_a_webhook() -> None:
    assert read_secrets([], "") == {}
    with pytest.raises(BadSetting, match="in memory"):
        read_secrets([CRM], "")


def test_the_document_makes_a_secret_for_each_webhook_of_its_example() -> None:
    text = (PROJECT / "docs" / "how-to" / "webhooks.md").read_text()
    example = re.search(r"```ini\n\[webhooks\]\noutgoing = (.*?)```", text, re.DOTALL)
    assert example

    names = [each.name for each in outgoing_hooks(example[1])]

    assert names == re.findall(r"^\$ mixsvc webhook secret (\w+) --config mixsvc.ini$", text, re.MULTILINE)
