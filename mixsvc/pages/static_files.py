"""The files that a page loads, under addresses that change when they do: browsers may keep them for good."""

import hashlib
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, send_from_directory, url_for

__all__ = ["Assets", "install_assets"]

ENDPOINT: Final = "asset"

# A year, in seconds: what browsers take for ever.
FOR_GOOD: Final = 31_536_000


class Assets:
    """The static folder of an app as it is when this is made. Any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A link may lead anywhere.
        files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
        # One version for all, in the path: a module's imports are relative, so each finds those made with it.
        self.version = _digest(folder, files)
        self._names = [file.relative_to(folder).as_posix() for file in files]

    def has(self, name: str) -> bool:
        """Whether the file was there."""
        return name in self._names

    def modules(self) -> list[str]:
        """Our own scripts, sorted."""
        return [name for name in self._names if name.endswith(".js") and not name.startswith("vendor/")]

    def url(self, name: str) -> str:
        """Where a page finds the file; needs a request."""
        return url_for(ENDPOINT, version=self.version, name=name)

    def serve(self, version: str, name: str) -> Response:
        """The file. A page from before an update gets today's, and asks again the next time."""
        if not self.has(name):
            abort(404)
        response = send_from_directory(self._folder, name)
        if version == self.version:
            response.headers["Cache-Control"] = f"public, max-age={FOR_GOOD}, immutable"
        return response


def install_assets(app: Flask) -> Assets:
    """Serve the app's static folder under /static/v-VERSION/, too; in templates `assets` is what this returns."""
    assets = Assets(Path(app.static_folder or ""))
    app.add_url_rule(f"{app.static_url_path}/v-<version>/<path:name>", ENDPOINT, assets.serve)
    app.extensions["mixsvc-assets"] = assets
    app.context_processor(lambda: {"assets": assets})
    return assets


def _digest(folder: Path, files: list[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        body = file.read_bytes()
        found.update(f"{file.relative_to(folder).as_posix()} {len(body)}\n".encode())
        found.update(body)
    return found.hexdigest()[:16]
