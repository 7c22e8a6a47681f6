"""The scripts and styles of the window, from memory: the bundle, or the modules one by one if there is none."""

from collections.abc import Sequence
from typing import Final

from mixsvc.answers.answer import Answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.files import MemoryFile, file_answer
from mixsvc.scripts.bundle import BUILT
from mixsvc.scripts.page_files import STATIC, PageFiles

__all__ = ["WindowFiles"]

# Where they are, relative to the page.
PLACE: Final = "window/static"


class WindowFiles:
    """The files of all pages, as they are when this object is made, which takes a moment."""

    def __init__(self) -> None:
        self._files = PageFiles(STATIC)
        self.version = self._files.bundle.file("window/window.js") or self._files.version

    def url(self, name: str) -> str:
        """Returns the URL of a file, relative to /."""
        built = self._files.bundle.file(name)
        return f"{PLACE}/{BUILT}/{built}" if built else f"{PLACE}/v-{self._files.version}/{name}"

    def styles(self) -> Sequence[str]:
        """Returns the URLs of the styles, in their order."""
        # A bundle has those of the charts in style.css.
        names = ["style.css", "window/window.css"]
        if not self._files.bundle.file("style.css") and "vendor/uplot.min.css" in self._files.names:
            names.insert(0, "vendor/uplot.min.css")
        return [self.url(name) for name in names]

    def answer(self, asked: Asked, segments: Sequence[str]) -> Answer | None:
        """Returns the answer for a file; None if there is none. segments: of its path, below PLACE."""
        file = self._find(segments[0], "/".join(segments[1:])) if segments else None
        return file_answer(asked, file) if file is not None else None

    def _find(self, folder: str, name: str) -> MemoryFile | None:
        if folder == BUILT:
            return self._files.bundled(name)
        return self._files.versioned(name) if folder == f"v-{self._files.version}" else None
