"""The static files of a page: under URLs that change with their content, so that browsers may cache them for ever.

Browsers request /static/NAME each time, and may cache /static/v-VERSION/NAME. Both serve only files in the static
folder, and none outside to which a symbolic link in it leads. Pages load their scripts and styles from /static/built,
where the bundle is, whose names have hashes of their own; without a bundle, from /static/v-VERSION, module by module.
"""

import hashlib
import mimetypes
import os
import re
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, request, send_from_directory, url_for

from mixsvc.scripts.bundle import BUILT, Bundle

__all__ = ["EXTENSION", "StaticFiles", "install_static_files"]

# The StaticFiles of an app stand in its extensions under this name.
EXTENSION: Final = "mixsvc-static-files"

ENDPOINT: Final = "versioned_static"
BUNDLE_ENDPOINT: Final = "bundled_static"

# Where scripts are that a page loads when it needs them, or never.
LATER: Final = ("vendor/", f"{BUILT}/", "client/fallback.js", "text/markdown.js", "text/unused.js", "widget/")

# One year, in seconds: browsers treat it as for ever.
CACHE_SECONDS: Final = 31_536_000

# One range of bytes.
BYTES_RANGE: Final = re.compile(r"[ \t]*bytes[ \t]*=[^,]*", re.IGNORECASE)


class StaticFiles:
    """The static folder of an app, as it is when this object is made. Used in any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A link may lead outside.
        found = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
        # The names of the bundle's files have hashes of their own.
        files = [file for file in found if BUILT not in file.relative_to(folder).parts]
        # One version for all files, in the path: a script's imports are relative, so they stay within its version.
        self.version = _digest(folder, files)
        self._names = [file.relative_to(folder).as_posix() for file in files]
        self.bundle = Bundle(folder)

    def has(self, name: str) -> bool:
        """Whether the file was there."""
        return name in self._names

    def modules(self) -> list[str]:
        """The scripts that a page loads besides the first one; sorted. A bundle has none."""
        if self.bundle.file("main.js"):
            return []
        return [name for name in self._names if name.endswith(".js") and not name.startswith(LATER)]

    def url(self, name: str) -> str:
        """The URL of the file for a page, or of what the bundle has in its place; called during a request."""
        built = self.bundle.file(name)
        if built:
            return url_for(BUNDLE_ENDPOINT, name=built)
        return url_for(ENDPOINT, version=self.version, name=name)

    def serve_bundled(self, name: str) -> Response:
        """A file of the bundle in the smallest form that the browser takes, cached for ever."""
        if not self.bundle.has(name):
            abort(404)
        form, coding = self.bundle.form(name, request.headers.get("Accept-Encoding", ""))
        # The type is that of the content, whatever its form is.
        mimetype = mimetypes.guess_type(name)[0] or "application/json"
        response = send_from_directory(self.bundle.folder, form, mimetype=mimetype)
        if coding:
            response.headers["Content-Encoding"] = coding
        response.vary.add("Accept-Encoding")
        return _cached_for_ever(response)

    def serve(self, version: str, name: str) -> Response:
        """The file, cached for ever. For another version it is the present file, which is not cached."""
        if not self.has(name):
            abort(404)
        response = send_from_directory(self._folder, name)
        return _cached_for_ever(response) if version == self.version else response


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


def _cached_for_ever(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}, immutable"
    return response


def _digest(folder: Path, files: list[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        body = file.read_bytes()
        found.update(f"{file.relative_to(folder).as_posix()} {len(body)}\n".encode())
        found.update(body)
    return found.hexdigest()[:16]
