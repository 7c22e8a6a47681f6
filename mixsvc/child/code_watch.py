"""Notices that the code of a child has changed, for development."""

import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Final, TypeAlias

__all__ = ["LOOK_SECONDS", "CodeWatch"]

# How often the files are looked at, in seconds.
LOOK_SECONDS: Final = 0.5

# Beside a module: the folder whose files Flask renders.
TEMPLATES: Final = "templates"

# What is installed is not being worked on.
INSTALLED: Final = tuple(
    os.path.join(os.path.realpath(sysconfig.get_path(each)), "")
    for each in ("stdlib", "platstdlib", "purelib", "platlib")
)

# Whether two versions of a file differ: its time of change, in nanoseconds, and its size.
Version: TypeAlias = tuple[int, int]


class CodeWatch:
    """Looks at every Python file in the folders of the loaded modules, and at the templates beside them.

    Installed packages are left out. New files count, too: one of them may mend an import that has failed.
    """

    def __init__(self, changed: Callable[[str], object], began: float) -> None:
        """changed: gets the path of a file, in the thread of `start`. began: when the code was loaded, or before; Unix
        time in seconds.
        """
        self._changed = changed
        self._began = began
        self._seen: dict[str, Version] = {}
        self._folders: set[str] = set()

    def start(self) -> None:
        """Look for ever, in a daemon thread."""
        Thread(target=self._watch, name="code-watch", daemon=True).start()

    def look(self) -> str | None:
        """Look once. Returns the path of a file that has changed since the last time, or since `began`."""
        changed: str | None = None
        for folder in _folders_of_code():
            is_new_folder = folder not in self._folders
            self._folders.add(folder)
            for path, version in _files_in(folder):
                before = self._seen.get(path)
                self._seen[path] = version
                if before is not None or not is_new_folder:
                    is_changed = before != version
                else:
                    is_changed = self._began < version[0] / 1e9 <= time.time()
                if is_changed:
                    changed = changed or path
        return changed

    def _watch(self) -> None:
        while True:
            path = self.look()
            if path is not None:
                self._changed(path)
            time.sleep(LOOK_SECONDS)


def _folders_of_code() -> Iterable[str]:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    folders = {os.path.dirname(os.path.realpath(file)) for file in files if isinstance(file, str) and file}
    return [each for each in folders if not os.path.join(each, "").startswith(INSTALLED)]


def _files_in(folder: str) -> Iterator[tuple[str, Version]]:
    for directory, _, names in _walk(folder):
        for name in names:
            # A file that is being replaced may be missing for a moment.
            with suppress(OSError):
                path = os.path.join(directory, name)
                if directory != folder or name.endswith(".py"):
                    found = os.stat(path)
                    yield path, (found.st_mtime_ns, found.st_size)


def _walk(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """The folder itself without those in it, and its templates with all that is in them."""
    yield next(os.walk(folder), (folder, [], []))
    yield from os.walk(os.path.join(folder, TEMPLATES))
