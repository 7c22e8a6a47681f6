"""The bundle of the page's scripts and styles, which tools/bundle.mjs makes: its files and the forms of each."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["BUILT", "Bundle"]

# The folder of the bundle, below that of the sources.
BUILT: Final = "built"
MANIFEST: Final = "manifest.json"

# How the names of the compressed forms end, by content coding (RFC 9110 section 8.4).
ENDINGS: Final = {"br": ".br", "gzip": ".gz"}


class Bundle:
    """The files in the folder `built` below the sources, as they are when this object is made. Used in any thread.

    Without the bundle, or if a source has changed since it was made, it has no files. is_outdated: the latter. names:
    of the files.
    """

    def __init__(self, sources: Path) -> None:
        self.folder = sources / BUILT
        manifest = _manifest(self.folder / MANIFEST)
        is_there = bool(manifest) and all((self.folder / name).is_file() for name in manifest["files"])
        is_current = is_there and all(_digest(sources / name) == digest for name, digest in manifest["inputs"].items())
        self.is_outdated = is_there and not is_current
        self._entries: Mapping[str, str] = manifest["entries"] if is_current else {}
        # Each name has a hash of the content.
        self.names = frozenset(manifest["files"]) if is_current else frozenset()

    def file(self, source: str) -> str | None:
        """Returns the name of the file that a source, such as main.js, became; None if the bundle has none."""
        return self._entries.get(source)

    def has(self, name: str) -> bool:
        """Whether this is a file of the bundle."""
        return name in self.names

    def forms(self, name: str) -> Mapping[str, Path]:
        """Returns the compressed forms of a file by their content coding."""
        found = {coding: self.folder / f"{name}{ending}" for coding, ending in ENDINGS.items()}
        return {coding: path for coding, path in found.items() if path.is_file()}


def _manifest(path: Path) -> Mapping[str, Any]:
    """Returns an empty one if there is none."""
    try:
        found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
