"""Files under /static."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mixsvc.pages.statics import guard_static


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """Of an app whose folder is itself reached by a link, and holds links inside and outside."""
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "real"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("file")
    (folder / "inside").symlink_to(folder / "sub" / "file")
    (folder / "outside").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (tmp_path / "static").symlink_to(folder)
    app = Flask("test", static_folder=str(tmp_path / "static"))
    guard_static(app)
    return app.test_client()


@pytest.mark.parametrize("path", ["sub/file", "inside"])
def test_what_is_in_the_folder_is_served(client: FlaskClient, path: str) -> None:
    with client.get(f"/static/{path}") as answer:
        assert (answer.status_code, answer.get_data()) == (200, b"file")


def test_a_range_of_bytes_is_served(client: FlaskClient) -> None:
    for unit in ("bytes", " Bytes "):
        with client.get("/static/sub/file", headers={"Range": f"{unit}=1-2"}) as answer:
            assert (answer.status_code, answer.get_data()) == (206, b"il")


@pytest.mark.parametrize("value", ["x=1", "lines=1-2", "nonsense", ""])
def test_a_range_of_something_else_is_none(client: FlaskClient, value: str) -> None:
    with client.get("/static/sub/file", headers={"Range": value}) as answer:
        assert (answer.status_code, answer.get_data()) == (200, b"file")


@pytest.mark.parametrize(
    "path", ["outside", "up/secret", "../secret", "..%2fsecret", "%00", "sub/%00", "", "sub", "sub/", "nothing"]
)
def test_what_is_elsewhere_and_folders_are_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404
