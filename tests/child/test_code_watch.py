import importlib
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from mixsvc.child.code_watch import CodeWatch


class Project:
    """A folder with a module that is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.began = time.time()
        self.write("watched_views.py", "ANSWER = 1\n", self.began - 60)
        self.write("templates/page.html", "<p>\n", self.began - 60)
        self.module: ModuleType = importlib.import_module("watched_views")
        self.found: list[str] = []
        self.watch = CodeWatch(self.found.append, self.began)

    def write(self, name: str, text: str, when: float) -> str:
        """Write a file as if that was done at this time; returns its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        os.utime(path, (when, when))
        return str(path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One whose module no other test sees."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "watched_views", raising=False)
    return Project(tmp_path)


def test_nothing_has_changed_at_first(project: Project) -> None:
    assert project.watch.look() is None
    assert project.watch.look() is None


def test_a_module_that_was_loaded_has_changed(project: Project) -> None:
    project.watch.look()

    path = project.write("watched_views.py", "ANSWER = 2\n", project.began - 50)

    assert project.watch.look() == path
    assert project.watch.look() is None


def test_a_template_has_changed(project: Project) -> None:
    project.watch.look()

    path = project.write("templates/page.html", "<div>\n", project.began)

    assert project.watch.look() == path


def test_a_new_module_beside_the_others_counts(project: Project) -> None:
    project.watch.look()

    path = project.write("missing_until_now.py", "", project.began - 100)

    assert project.watch.look() == path


def test_what_changed_while_the_code_was_loaded_is_noticed(project: Project) -> None:
    path = project.write("watched_views.py", "ANSWER = 3\n", time.time())

    assert project.watch.look() == path
    assert project.watch.look() is None


def test_a_file_of_the_future_is_not_news_for_ever(project: Project) -> None:
    project.write("watched_views.py", "ANSWER = 3\n", time.time() + 3600)

    assert project.watch.look() is None


def test_a_file_that_is_missing_for_a_moment_is_no_change(project: Project) -> None:
    project.watch.look()
    path = project.folder / "watched_views.py"
    text, when = path.read_text(), path.stat().st_mtime

    path.unlink()
    assert project.watch.look() is None
    project.write("watched_views.py", text, when)

    assert project.watch.look() is None


def test_other_files_and_installed_modules_do_not_count(project: Project) -> None:
    project.watch.look()

    project.write("notes.txt", "new", project.began)

    assert project.watch.look() is None
