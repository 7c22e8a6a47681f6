"""The bundle of the page's scripts and styles, which tools/bundle.mjs makes: its files and the forms of each."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from werkzeug.http import parse_accept_header

__all__ = ["BUILT", "Bundle"]

# The folder of the bundle, below that of the sources.
BUILT: Final = "built"
MANIFEST: Final = "manifest.json"

# The codings of RFC 9110 section 8.4 in which each file is there, the smallest first, and how their names end.
CODINGS: Final = (("br", ".br"), ("gzip", ".gz"))


class Bundle:
    """The files in the folder `built` below the sources, as they are when this object is made. Used in any thread.

    Without the bundle, or if a source has changed since it was made, it has no files. is_outdated: the latter.
    """

    def __init__(self, sources: Path) -> None:
        self.folder = sources / BUILT
        manifest = _manifest(self.folder / MANIFEST)
        is_there = bool(manifest) and all((self.folder / name).is_file() for name in manifest["files"])
        is_current = is_there and all(_digest(sources / name) == digest for name, digest in manifest["inputs"].items())
        self.is_outdated = is_there and not is_current
        self._entries: Mapping[str, str] = manifest["entries"] if is_current else {}
        self._files = frozenset(manifest["files"]) if is_current else frozenset()

    def file(self, source: str) -> str | None:
        """Returns the name of the file that a source, such as main.js, became; None if the bundle has none."""
        return self._entries.get(source)

    def has(self, name: str) -> bool:
        """Whether this is a file of the bundle. Its name has a hash of its content."""
        return name in self._files

    def form(self, name: str, accepted: str) -> tuple[str, str]:
        """Returns the name of the file that holds the content of `name`, and its content coding; "" for none.

        accepted: the header Accept-Encoding of the request (RFC 9110 section 12.5.3).
        """
        found = parse_accept_header(accepted)
        best = max((found.quality(coding) for coding, _ in CODINGS), default=0)
        for coding, suffix in CODINGS:
            if found.quality(coding) == best > 0 and (self.folder / f"{name}{suffix}").is_file():
                return f"{name}{suffix}", coding
        return name, ""


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
