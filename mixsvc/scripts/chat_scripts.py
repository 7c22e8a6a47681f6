"""The chat's scripts for other people's pages, beside the chat: /chat/client.js, /chat/widget.js and what they load.

A page of any origin may load them. Those two are asked for anew after some minutes; the files that they load have names
with hashes and are cached for ever. Without a bundle (a checkout without npm) they load the modules below /chat/src.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from mixsvc.answers.answer import Answer, make_answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.files import FOR_EVER, MemoryFile, file_answer
from mixsvc.scripts.bundle import Bundle
from mixsvc.scripts.page_files import STATIC, content_type

__all__ = ["ChatScripts"]

# What a page names, and the source of it. Whoever writes programs for the client takes its types.
ENTRIES: Final = {"client.js": "client/client.js", "widget.js": "widget/widget.js"}
TYPES: Final = {"client.d.ts": "types/client.d.ts"}

# The path of the modules where there is no bundle, and the folders that they are in.
SOURCES: Final = "src"
FOLDERS: Final = ("client", "search", "text", "vendor", "views", "views/parts", "widget")
SHARED: Final = "dom.js"

# Cached for some minutes.
SHORT: Final = b"public, max-age=300"

# A page of any origin may load them.
FIELDS: Final = (
    (b"Access-Control-Allow-Origin", b"*"),
    (b"Cross-Origin-Resource-Policy", b"cross-origin"),
    (b"X-Content-Type-Options", b"nosniff"),
)

METHODS: Final = ("GET", "HEAD")
NOT_ALLOWED: Final = make_answer(
    405, b"text/plain; charset=utf-8", b"A script can only be read.\n", ((b"Allow", b"GET, HEAD"), *FIELDS)
)


class ChatScripts:
    """Answers for the scripts. Used in the reactor thread; each file is read once, when it is asked for first."""

    def __init__(self, static: Path = STATIC) -> None:
        """static: the folder of the page's scripts, as it is now."""
        self._static = static
        self._bundle = Bundle(static)
        self._find = lru_cache(maxsize=256)(self._found)

    def has(self, path: Sequence[bytes]) -> bool:
        """Whether there is such a script. path: the segments below the chat's prefix."""
        return self._find(tuple(path)) is not None

    def answer(self, path: Sequence[bytes], asked: Asked) -> Answer:
        """The answer to a request with any method for a script that is there."""
        file = self._find(tuple(path))
        # Who calls this asks `has` first.
        assert file is not None
        return file_answer(asked, file) if asked.method in METHODS else NOT_ALLOWED

    def _found(self, path: Sequence[bytes]) -> MemoryFile | None:
        try:
            names = [segment.decode("ascii") for segment in path]
        except UnicodeDecodeError:
            return None
        # An upgrade removes files while the service runs.
        with suppress(OSError):
            return self._named(names)
        return None

    def _named(self, names: Sequence[str]) -> MemoryFile | None:
        if names[:1] == [SOURCES]:
            return self._source(names[1:])
        if len(names) != 1:
            return None
        (name,) = names
        source, built = ENTRIES.get(name), self._bundle.file(ENTRIES.get(name, ""))
        if name in TYPES:
            return _file(self._static / TYPES[name])
        if source and not built:
            content = f'export * from "./{SOURCES}/{source}";\n'.encode()
            return _memory(name, (self._static / source).stat().st_mtime, {"": content}, SHORT)
        if built or self._bundle.has(name):
            return self._bundled(built or name, FOR_EVER if not source else SHORT)
        return None

    def _bundled(self, name: str, caching: bytes) -> MemoryFile:
        path = self._bundle.folder / name
        forms = {coding: form.read_bytes() for coding, form in self._bundle.forms(name).items()}
        return _memory(name, path.stat().st_mtime, {"": path.read_bytes(), **forms}, caching)

    def _source(self, names: Sequence[str]) -> MemoryFile | None:
        *folders, name = names or [""]
        is_module = "/".join(folders) in FOLDERS and name.endswith(".js") and "/" not in name
        if self._bundle.file(ENTRIES["client.js"]) or not (is_module or names == [SHARED]):
            return None
        path = self._static.joinpath(*names)
        return _file(path) if path.is_file() else None


def _file(path: Path) -> MemoryFile:
    return _memory(path.name, path.stat().st_mtime, {"": path.read_bytes()}, SHORT)


def _memory(name: str, modified: float, bodies: Mapping[str, bytes], caching: bytes) -> MemoryFile:
    kind = b"text/plain; charset=utf-8" if name.endswith(".ts") else content_type(name)
    return MemoryFile(kind, modified, caching, bodies, FIELDS)
