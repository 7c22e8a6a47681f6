"""Which database the settings name."""

from pathlib import Path

import pytest

from mixsvc.config.settings import Settings, StorageSettings
from mixsvc.errors import BadSetting, DatabaseUnusable
from mixsvc.storage.choosing import prepare, rehearse, settled

URL = "postgresql://ann:topsecret@127.0.0.1:1/chat"


def test_a_file_may_contain_the_url(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")

    assert settled(StorageSettings(url_file=str(file))).url == URL


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff"])
def test_a_file_without_a_url_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "url"
    file.write_bytes(content)

    with pytest.raises(BadSetting, match=r"\[storage\] url_file = .*/url (is empty|cannot be read: it is not UTF-8)"):
        settled(StorageSettings(url_file=str(file)))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read: No such file or directory"):
        rehearse(StorageSettings(url_file=str(tmp_path / "url")))


def test_two_urls_are_refused_without_showing_them() -> None:
    with pytest.raises(BadSetting, match="are both given") as refused:
        rehearse(StorageSettings(url=URL, url_file="url"))

    assert "topsecret" not in str(refused.value)


def test_a_server_is_asked_instead_of_opening_the_file() -> None:
    with pytest.raises(DatabaseUnusable, match="postgresql://127.0.0.1:1/chat cannot be used"):
        prepare(StorageSettings("/nonexistent/file", URL), lambda cursor: None)


def test_the_files_with_secrets_stay_beside_the_path_of_the_database() -> None:
    found = Settings(storage=StorageSettings("data/mixsvc.sqlite3", URL)).within("/srv")

    assert found.storage == StorageSettings(":memory:", URL)
    assert (found.web.secret_key_file, found.chat.token_file) == ("/srv/data/secret_key", "/srv/data/api_token")
