"""Where the list of fonts is kept, whatever the user may write to."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from mixsvc.charts import cache_folder
from mixsvc.charts.cache_folder import CacheFolder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_home_of_a_user_is_used_as_matplotlib_does_it(tmp_path: Path, temporary: Path) -> None:
    assert CacheFolder({"HOME": str(tmp_path)}).variables() == {}
    assert list(temporary.iterdir()) == []


def test_so_are_folders_that_the_environment_names(tmp_path: Path, temporary: Path) -> None:
    ours = {"XDG_CACHE_HOME": str(tmp_path / "a"), "XDG_CONFIG_HOME": str(tmp_path / "b"), "HOME": "/dev/null/home"}

    assert CacheFolder(ours).variables() == {}
    assert CacheFolder({"MPLCONFIGDIR": str(tmp_path), "HOME": str(tmp_path)}).variables() == {}


@pytest.mark.parametrize("home", [{"HOME": "/dev/null/home"}, {"HOME": "/dev/null/home", "MPLCONFIGDIR": "/dev/null"}])
def test_without_a_usable_one_all_processes_share_a_temporary_folder(home: dict[str, str], temporary: Path) -> None:
    folder = CacheFolder(home)

    variables = folder.variables()

    (made,) = temporary.iterdir()
    assert variables == {"MPLCONFIGDIR": str(made), "XDG_CACHE_HOME": str(made)}
    assert folder.variables() == variables
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_it_is_removed_with_what_is_in_it(temporary: Path) -> None:
    folder = CacheFolder({"HOME": "/dev/null/home"})
    (Path(folder.variables()["MPLCONFIGDIR"]) / "fonts").touch()

    folder.remove()
    folder.remove()

    assert list(temporary.iterdir()) == []


def test_fontconfig_gets_the_folder_that_matplotlib_was_given(tmp_path: Path) -> None:
    variables = CacheFolder({"MPLCONFIGDIR": str(tmp_path), "HOME": "/dev/null/home"}).variables()

    assert variables == {"XDG_CACHE_HOME": str(tmp_path)}


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of the file system in memory, which is the only one to write to."""
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(cache_folder, "SHARED_MEMORY", str(tmp_path / "memory"))
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")
    return tmp_path / "memory"


def test_memory_serves_where_there_is_no_folder_for_temporary_files(memory: Path) -> None:
    assert os.path.dirname(CacheFolder({"HOME": "/dev/null/home"}).variables()["MPLCONFIGDIR"]) == str(memory)


def test_if_nothing_can_be_written_to_the_error_says_what_to_set(memory: Path) -> None:
    memory.rmdir()

    with pytest.raises(OSError, match="name one in the variable MPLCONFIGDIR"):
        CacheFolder({"HOME": "/dev/null/home"}).variables()
