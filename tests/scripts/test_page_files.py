"""The files of a page's static folder."""

import gzip
from pathlib import Path

import pytest

from mixsvc.scripts.page_files import PageFiles
from tests.scripts.bundles import make_bundle


@pytest.mark.parametrize(
    ("size", "codings"), [(1024, {""}), (1025, {"", "gzip"}), (262144, {"", "gzip"}), (262145, {""})]
)
def test_a_text_without_a_compressed_form_gets_one_if_that_takes_little_time(
    tmp_path: Path, size: int, codings: set[str]
) -> None:
    (tmp_path / "main.js").write_text("x" * size)
    make_bundle(tmp_path, {"main.js": "main-1.js"})
    (tmp_path / "built" / "main-1.js.map").write_text("x" * size)
    files = PageFiles(tmp_path)

    for found in (files.versioned("main.js"), files.bundled("main-1.js.map")):
        assert found is not None
        assert set(found.bodies) == codings
        assert gzip.decompress(found.bodies.get("gzip", gzip.compress(b"x" * size))) == b"x" * size
