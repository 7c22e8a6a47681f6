"""Where matplotlib, and fontconfig for it, keep their list of fonts: in the user's folders, or in a temporary one.

matplotlib must have such a folder. Where the user has no home, or must not write there, it makes a temporary one
itself, once in each process, and prints advice; here all processes get one, which keeps the list for all of them.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["CacheFolder"]

# Where a container may write if nothing else is: a file system in memory.
SHARED_MEMORY: Final = "/dev/shm"


class CacheFolder:
    """One folder for all drawing processes, made if it is needed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """environ: that of this process."""
        self._environ = environ
        self._made: str | None = None

    def variables(self) -> dict[str, str]:
        """The environment variables to set for the processes; none where the user's own folders can be used.

        Raises OSError, with advice, if no folder can be written to.
        """
        environ = self._environ
        caches = _home_folder(environ, "XDG_CACHE_HOME", ".cache")
        if environ.get("MPLCONFIGDIR"):
            folders = [environ["MPLCONFIGDIR"]]
        else:
            folders = [_home_folder(environ, "XDG_CONFIG_HOME", ".config"), caches]
        if all(map(_is_usable, folders)):
            return {} if _is_usable(caches) else {"XDG_CACHE_HOME": folders[0]}
        folder = self._temporary()
        return {"MPLCONFIGDIR": folder, "XDG_CACHE_HOME": folder}

    def remove(self) -> None:
        """Remove what was made."""
        made, self._made = self._made, None
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)

    def _temporary(self) -> str:
        if self._made is None:
            self._made = _made(None) or _made(SHARED_MEMORY)
        if self._made is None:
            raise OSError("there is no folder to write to for the list of fonts; name one in the variable MPLCONFIGDIR")
        return self._made


def _made(parent: str | None) -> str | None:
    # FileNotFoundError if there is no folder for temporary files at all.
    with suppress(OSError):
        return tempfile.mkdtemp(prefix="mixsvc-charts-", dir=parent)
    return None


def _home_folder(environ: Mapping[str, str], variable: str, name: str) -> str:
    """A folder of the XDG Base Directory Specification; "" if the user has no home."""
    if environ.get(variable):
        return environ[variable]
    with suppress(RuntimeError):
        return str(Path(environ["HOME"] if environ.get("HOME") else Path.home()) / name)
    return ""


def _is_usable(folder: str) -> bool:
    """Whether the folder can be written to, or made."""
    if not folder:
        return False
    with suppress(OSError):
        found = os.path.abspath(folder)
        while not os.path.lexists(found):
            found = os.path.dirname(found)
        return os.path.isdir(found) and os.access(found, os.W_OK | os.X_OK, effective_ids=True)
    return False
