"""The static files of a page: under URLs that change with their content, so that browsers may cache them for ever.

Browsers request /static/NAME each time, and may cache /static/v-VERSION/NAME. Both serve only files in the static
folder, and none outside to which a symbolic link in it leads. Pages load their scripts and styles from /static/built,
where the bundle is, whose names have hashes of their own; without a bundle, from /static/v-VERSION, module by module. A
page that is compressed has its style in itself, so that the first paint waits for one answer and not for two.
"""

import hashlib
import os
import re
from base64 import b64encode
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, request, send_from_directory, url_for

from mixsvc.answers.files import BYTES_RANGE, MemoryFile, file_answer
from mixsvc.pages.api.answering import asked, sent
from mixsvc.scripts.bundle import BUILT
from mixsvc.scripts.page_files import PageFiles

__all__ = ["EXTENSION", "PageStyle", "StaticFiles", "install_static_files"]

# The StaticFiles of an app stand in its extensions under this name.
EXTENSION: Final = "mixsvc-static-files"

ENDPOINT: Final = "versioned_static"
BUNDLE_ENDPOINT: Final = "bundled_static"

# Where scripts are that a page loads when it needs them, or never.
LATER: Final = (
    "vendor/",
    f"{BUILT}/",
    "client/fallback.js",
    "text/markdown.js",
    "text/unused.js",
    "widget/",
    "window/",
)

SOURCE_MAP: Final = re.compile(r"/\*# sourceMappingURL=.*?\*/\s*")


class PageStyle:
    """A style for a page that has it in itself.

    text: of the style element. source: permits it in a policy (CSP level 3 section 2.3.1).
    """

    def __init__(self, text: str) -> None:
        # The source map is beside the file.
        self.text = SOURCE_MAP.sub("", text)
        digest = hashlib.sha256(self.text.encode()).digest()
        self.source = f"'sha256-{b64encode(digest).decode()}'"


class StaticFiles:
    """The static folder of an app, as it is when this object is made. Used in any thread.

    style: of the bundle; None without a bundle.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = PageFiles(folder)
        self.version = self._files.version
        self.bundle = self._files.bundle
        style = self.bundle.file("style.css")
        self.style = PageStyle((self.bundle.folder / style).read_text("utf-8")) if style else None

    def has(self, name: str) -> bool:
        """Whether the file was there."""
        return name in self._files.names

    def modules(self) -> list[str]:
        """The scripts that a page loads besides the first one; sorted. A bundle has none."""
        if self.bundle.file("main.js"):
            return []
        return [name for name in self._files.names if name.endswith(".js") and not name.startswith(LATER)]

    def url(self, name: str) -> str:
        """The URL of the file for a page, or of what the bundle has in its place; called during a request."""
        built = self.bundle.file(name)
        if built:
            return url_for(BUNDLE_ENDPOINT, name=built)
        return url_for(ENDPOINT, version=self.version, name=name)

    def serve_bundled(self, name: str) -> Response:
        """A file of the bundle in the smallest form that the browser takes, cached for ever."""
        return _sent(self._files.bundled(name))

    def serve(self, version: str, name: str) -> Response:
        """The file, cached for ever. For another version it is the present file, which is not cached."""
        if version == self.version or not self.has(name):
            return _sent(self._files.versioned(name))
        return send_from_directory(self._folder, name)


def _sent(file: MemoryFile | None) -> Response:
    if file is None:
        abort(404)
    return sent(file_answer(asked(), file))


def install_static_files(app: Flask) -> StaticFiles:
    """Serve the app's static folder under both URLs; call it once, before the first request.

    Templates get what this returns as `assets`.
    """
    files = StaticFiles(Path(app.static_folder or ""))
    app.add_url_rule(f"{app.static_url_path}/v-<version>/<path:name>", ENDPOINT, files.serve)
    app.add_url_rule(f"{app.static_url_path}/{BUILT}/<name>", BUNDLE_ENDPOINT, files.serve_bundled)
    app.extensions[EXTENSION] = files
    app.context_processor(lambda: {"assets": files})
    _refuse_links_to_outside(app)
    app.before_request(_ignore_other_ranges)
    return files


def _refuse_links_to_outside(app: Flask) -> None:
    """Answer 404 on Flask's own route /static for a path or a link that leads out of the static folder."""
    assert app.static_folder is not None
    folder = os.path.realpath(app.static_folder)

    def refuse() -> None:
        if request.endpoint != "static":
            return
        name = (request.view_args or {}).get("filename", "")
        try:
            found = os.path.realpath(os.path.join(folder, name))
        except ValueError:
            # The name has a NUL character.
            abort(404)
        if not found.startswith(folder + os.sep):
            abort(404)

    app.before_request(refuse)


def _ignore_other_ranges() -> None:
    """Ignore a Range in another unit than bytes, of several parts, or of another method than GET.

    RFC 9110 section 14.2 says so of units and methods, and allows it otherwise; Werkzeug would answer 416 or 206.
    """
    if request.method != "GET" or not BYTES_RANGE.fullmatch(request.environ.get("HTTP_RANGE", "bytes=")):
        request.environ.pop("HTTP_RANGE", None)
