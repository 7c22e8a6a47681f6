"""The chat's scripts for other people's pages, beside the chat: /chat/client.js, /chat/widget.js and what they load.

A page of any origin may load them. Those two are asked for anew after some minutes; the files that they load have names
with hashes and are cached for ever. Without a bundle (a checkout without npm) they load the modules below /chat/src.
"""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from twisted.web.http import CACHED
from twisted.web.resource import Resource
from twisted.web.server import Request

from mixsvc.scripts.bundle import Bundle

__all__ = ["STATIC", "ChatScripts"]

STATIC: Final = Path(__file__).parent.parent / "pages" / "static"

# What a page names, and the source of it. Whoever writes programs for the client takes its types.
ENTRIES: Final = {"client.js": "client/client.js", "widget.js": "widget/widget.js"}
TYPES: Final = {"client.d.ts": "types/client.d.ts"}

# The path of the modules where there is no bundle, and the folders that they are in.
SOURCES: Final = "src"
FOLDERS: Final = ("client", "text", "vendor", "views", "widget")
SHARED: Final = "dom.js"

# Cached for some minutes, and for ever.
SHORT: Final = b"public, max-age=300"
FOR_EVER: Final = b"public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Script:
    """One response. etag: without quotes. coding: of the content, "" for none."""

    content: bytes
    type: str
    etag: str
    coding: str = ""
    is_immutable: bool = False


class ChatScripts(Resource):
    """Answers for the scripts. Used in the reactor thread; each file is read once, when it is asked for first."""

    isLeaf = True

    def __init__(self, static: Path = STATIC) -> None:
        """static: the folder of the page's scripts, as it is now."""
        Resource.__init__(self)
        self._static = static
        self._bundle = Bundle(static)
        self._read = lru_cache(maxsize=None)(_read)

    def has(self, path: Sequence[bytes]) -> bool:
        """Whether there is such a script. path: the segments below the chat's prefix."""
        return self._script(path, "") is not None

    def render_GET(self, request: Request) -> bytes | int:
        """The script, in the smallest form that the browser takes; 304 if the browser has it."""
        accepted = request.getHeader("accept-encoding") or ""
        script = self._script(request.postpath or (), accepted)
        # Root asks `has` first.
        assert script is not None
        request.setHeader(b"access-control-allow-origin", b"*")
        request.setHeader(b"cross-origin-resource-policy", b"cross-origin")
        request.setHeader(b"x-content-type-options", b"nosniff")
        request.setHeader(b"vary", b"Accept-Encoding")
        request.setHeader(b"cache-control", FOR_EVER if script.is_immutable else SHORT)
        if request.setETag(f'"{script.etag}"'.encode()) is CACHED:
            return b""
        request.setHeader(b"content-type", script.type.encode())
        if script.coding:
            request.setHeader(b"content-encoding", script.coding.encode())
        return script.content

    def _script(self, path: Sequence[bytes], accepted: str) -> Script | None:
        try:
            names = [segment.decode("ascii") for segment in path]
        except UnicodeDecodeError:
            return None
        if names[:1] == [SOURCES]:
            return self._source(names[1:])
        if len(names) != 1:
            return None
        (name,) = names
        source, built = ENTRIES.get(name), self._bundle.file(ENTRIES.get(name, ""))
        if name in TYPES:
            return self._file(self._static / TYPES[name])
        if source and not built:
            content = f'export * from "./{SOURCES}/{source}";\n'.encode()
            return Script(content, _type(name), _hash(content))
        return (
            self._bundled(built or name, accepted, is_immutable=not source) if built or self._bundle.has(name) else None
        )

    def _bundled(self, name: str, accepted: str, is_immutable: bool) -> Script:
        form, coding = self._bundle.form(name, accepted)
        content = self._read(self._bundle.folder / form)
        return Script(content, _type(name), _hash(content), coding, is_immutable)

    def _source(self, names: Sequence[str]) -> Script | None:
        is_folder = len(names) == 2 and names[0] in FOLDERS and names[1].endswith(".js") and "/" not in names[1]
        if self._bundle.file(ENTRIES["client.js"]) or not (is_folder or names == [SHARED]):
            return None
        path = self._static.joinpath(*names)
        return self._file(path) if path.is_file() else None

    def _file(self, path: Path) -> Script:
        content = self._read(path)
        return Script(content, _type(path.name), _hash(content))


def _read(path: Path) -> bytes:
    return path.read_bytes()


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


def _type(name: str) -> str:
    if name.endswith(".map"):
        return "application/json"
    found = "text/plain" if name.endswith(".ts") else mimetypes.guess_type(name)[0]
    return f"{found or 'application/octet-stream'}; charset=utf-8"
