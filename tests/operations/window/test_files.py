"""The scripts and styles of the window."""

from mixsvc.answers.asked import Asked
from mixsvc.pages.static_files import StaticFiles
from mixsvc.scripts.page_files import STATIC
from tests.operations.window.operator import look


def test_no_page_of_the_site_loads_the_script_of_the_window() -> None:
    assert not [name for name in StaticFiles(STATIC).modules() if name.startswith("window/")]


def test_a_file_has_one_place_and_other_versions_of_it_none() -> None:
    files, asked = look().files, Asked("GET", "", {})

    for name in ("style.css", "window/window.css", "window/window.js"):
        segments = files.url(name).split("/")[2:]
        found = files.answer(asked, segments)
        assert found is not None and found.status == 200 and found.body, name
        assert files.answer(asked, ["v-0", *segments[1:]]) is None
    assert files.answer(asked, []) is None
    assert files.answer(asked, ["built", "..", "main.js"]) is None
