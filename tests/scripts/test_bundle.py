"""The bundle of the page's scripts: it is used while it is of its sources, and in the form that a browser takes."""

from pathlib import Path

import pytest

from mixsvc.scripts.bundle import Bundle
from tests.scripts.bundles import make_bundle


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "main.js").write_text("import './chat.js'")
    make_bundle(tmp_path, {"main.js": "main-1.js"})
    return tmp_path


def test_a_source_has_its_file_in_the_bundle(sources: Path) -> None:
    bundle = Bundle(sources)

    assert (bundle.file("main.js"), bundle.file("other.js"), bundle.is_outdated) == ("main-1.js", None, False)
    assert [bundle.has(name) for name in ("main-1.js", "main-1.js.map", "main-1.js.br", "manifest.json", "..")] == [
        *(True, True),
        *(False, False, False),
    ]


@pytest.mark.parametrize("text", ["changed", None])
def test_a_bundle_whose_source_has_changed_or_is_gone_is_outdated_and_not_used(sources: Path, text: str | None) -> None:
    (sources / "main.js").unlink() if text is None else (sources / "main.js").write_text(text)

    bundle = Bundle(sources)

    assert (bundle.file("main.js"), bundle.has("main-1.js"), bundle.is_outdated) == (None, False, True)


@pytest.mark.parametrize("name", ["manifest.json", "main-1.js"])
def test_a_bundle_that_lacks_a_file_is_none(sources: Path, name: str) -> None:
    (sources / "built" / name).unlink()

    bundle = Bundle(sources)

    assert (bundle.file("main.js"), bundle.is_outdated) == (None, False)


def test_a_file_has_the_compressed_forms_that_are_there(sources: Path) -> None:
    bundle = Bundle(sources)

    assert {coding: path.name for coding, path in bundle.forms("main-1.js").items()} == {
        "br": "main-1.js.br",
        "gzip": "main-1.js.gz",
    }
    assert bundle.forms("main-1.js.map") == {}
