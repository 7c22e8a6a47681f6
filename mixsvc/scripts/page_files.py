"""The files of a page's static folder, as they are at the start, for pages and for the reactor."""

import hashlib
import mimetypes
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from mixsvc.answers.codings import compressed
from mixsvc.answers.files import FOR_EVER, MemoryFile
from mixsvc.scripts.bundle import BUILT, Bundle

__all__ = ["STATIC", "PageFiles", "content_type"]

# The folder of our own pages.
STATIC: Final = Path(__file__).parent.parent / "pages" / "static"

# A file that has no compressed form, such as a source map, gets one when it is read first if it is text of so many
# bytes. The reactor waits for that: one of more bytes, which only the tools of developers ask for, is sent as it is.
_LONG: Final = 1024
_LONGEST: Final = 262144
_TEXTS: Final = (b"text/", b"application/json", b"image/svg+xml")


class PageFiles:
    """The static folder as it is when this object is made. Used in any thread.

    A file is read when it is asked for first; one that was removed before that, as an upgrade does while the service
    runs, is none any more. version: another one when a file changes. bundle: of the scripts in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A link may lead outside.
        found = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
        # The names of the bundle's files have hashes of their own.
        files = [file for file in found if BUILT not in file.relative_to(folder).parts]
        # One version for all files, in the path: a script's imports are relative, so they stay within its version.
        self.version = _digest(folder, files)
        self.names = [file.relative_to(folder).as_posix() for file in files]
        self.bundle = Bundle(folder)
        self._versioned: dict[str, MemoryFile] = {}
        self._bundled: dict[str, MemoryFile] = {}

    def versioned(self, name: str) -> MemoryFile | None:
        """Returns a file of the folder, which may be cached for ever under a URL with the version; None without it."""
        found = self._versioned.get(name)
        if found is None and name in self.names:
            with suppress(OSError):
                found = self._versioned[name] = _read(self._folder / name, {})
        return found

    def bundled(self, name: str) -> MemoryFile | None:
        """Returns a file of the bundle; None if it has no such file."""
        found = self._bundled.get(name)
        if found is None and self.bundle.has(name):
            with suppress(OSError):
                found = self._bundled[name] = _read(self.bundle.folder / name, self.bundle.forms(name))
        return found


def content_type(name: str) -> bytes:
    """Returns the type of a file by its name."""
    if name.endswith(".map"):
        return b"application/json"
    found = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return (f"{found}; charset=utf-8" if found.startswith("text/") else found).encode()


def _read(path: Path, forms: Mapping[str, Path]) -> MemoryFile:
    """Returns a file. forms: the files of its compressed forms, by coding. Raises OSError."""
    kind, body = content_type(path.name), path.read_bytes()
    bodies = {"": body, **{coding: form.read_bytes() for coding, form in forms.items()}}
    if not forms and _LONG < len(body) <= _LONGEST and kind.startswith(_TEXTS):
        bodies["gzip"] = compressed(body)
    return MemoryFile(kind, path.stat().st_mtime, FOR_EVER, bodies)


def _digest(folder: Path, files: list[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        body = file.read_bytes()
        found.update(f"{file.relative_to(folder).as_posix()} {len(body)}\n".encode())
        found.update(body)
    return found.hexdigest()[:16]
