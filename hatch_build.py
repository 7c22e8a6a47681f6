"""The page assets: files of npm packages, and the bundle of the page's scripts, made when the package is built.

The files go to mixsvc/pages/static/vendor/ and mixsvc/charts/fonts/, the bundle to mixsvc/pages/static/built/
(tools/bundle.mjs makes it, with esbuild). git ignores them and every wheel and sdist holds them, so that neither the
service nor its visitors need another server. package-lock.json pins the packages by version and SHA-512. Files that an
older checkout has left there, or in the folder where they were before, are removed first: no distribution holds them.

Run as a script it makes them without building: `python hatch_build.py`.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["ASSETS", "BUILT", "FONTS", "VENDOR", "Asset", "Npm", "PageAssets", "make_assets", "remove_leftovers"]

STATIC: Final = Path("mixsvc", "pages", "static")
VENDOR: Final = STATIC / "vendor"
BUILT: Final = STATIC / "built"
FONTS: Final = Path("mixsvc", "charts", "fonts")
MANIFEST: Final = BUILT / "manifest.json"
BUNDLER: Final = Path("tools", "bundle.mjs")
# What makes the bundle; in package.json, a dependency beside those of ASSETS.
ESBUILD: Final = "esbuild"
# Beside each file of the bundle that is no source map.
COMPRESSED: Final = ("", ".gz", ".br")
# The parser of Markdown is no module that a browser loads without a bundler.
WITHOUT_BUNDLE: Final = "serve its scripts one by one and show Markdown as it was typed"
# The former folder of the pages. A checkout that was updated still has assets of that time there, and compiled
# modules, with which Python would import mixsvc.web as a namespace package.
OLD_FOLDER: Final = Path("mixsvc", "web")
OLD_VENDOR: Final = OLD_FOLDER / "static" / "vendor"
NPM_SECONDS: Final = 120.0
# How Node and esbuild begin the line of an error.
ERROR: Final = re.compile(r"Error( \[\w+\])?: |\[ERROR\] ")
# Without the packages that only check our own scripts.
CLEAN_INSTALL: Final = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")


@dataclass(frozen=True)
class Asset:
    """Files of one npm package.

    package: its name in package.json. files: the path of each file in the package, and its name in folder. lack: what
    the service will do without them; completes "the service will ...". folder: relative to the root of the project.
    """

    package: str
    files: Mapping[str, str]
    lack: str
    folder: Path = VENDOR

    def stamp(self) -> Path:
        """The path of the file that holds the version of the others, relative to the root of the project."""
        return self.folder / f"{self.package}.version"

    def paths(self) -> Sequence[Path]:
        """The paths of all its files, relative to the root of the project; the stamp comes first."""
        return [self.stamp(), *(self.folder / name for name in self.files.values())]


ASSETS: Final = (
    Asset(
        "sockjs-client",
        {"dist/sockjs.min.js": "sockjs.min.js", "LICENSE": "sockjs.LICENSE.txt"},
        "talk plain WebSocket only",
    ),
    Asset(
        "uplot",
        {
            "dist/uPlot.esm.js": "uplot.js",
            "dist/uPlot.min.css": "uplot.min.css",
            "LICENSE": "uplot.LICENSE.txt",
        },
        "show tables and no charts",
    ),
    Asset(
        "markdown-it",
        {"dist/markdown-it.mjs": "markdown-it.js", "LICENSE": "markdown-it.LICENSE.txt"},
        "show Markdown as text",
    ),
    Asset(
        "dejavu-fonts-ttf",
        {
            "ttf/DejaVuSans.ttf": "DejaVuSans.ttf",
            "ttf/DejaVuSans-Bold.ttf": "DejaVuSans-Bold.ttf",
            "LICENSE": "DejaVu.LICENSE.txt",
        },
        "draw charts with the fonts of the system",
        FONTS,
    ),
)


@dataclass(frozen=True)
class Npm:
    """The npm to run. program: its path, None where npm is not installed. seconds: its time limit."""

    program: str | None = field(default_factory=lambda: shutil.which("npm"))
    seconds: float = NPM_SECONDS


class PageAssets(BuildHookInterface[BuilderConfig]):
    """Makes the assets before an sdist, a wheel or an editable install is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling. A build goes on without assets that cannot be fetched, and prints one line."""
        make_assets(Path(self.root), Npm(), self.app.display_info)
        # Git ignores them; named here, and not by a pattern, they are all that a distribution takes from the folder.
        made = sorted(_paths()) + _bundled(Path(self.root))
        build_data["artifacts"] += [f"/{path.as_posix()}" for path in made]


def make_assets(root: Path, npm: Npm, say: Callable[[str], None]) -> bool:
    """Put the assets in place below root; returns whether all are there. Blocks while npm runs.

    Removes leftovers, fetches the assets that are missing or not of the pinned version, bundles the scripts if they
    have changed, and leaves everything else alone. When npm is not installed, fails or takes too long, `say` gets one
    line, and what could not be made is left out; nothing is raised.
    """
    remove_leftovers(root)
    pins = _pins(root)
    missing = [asset for asset in ASSETS if not _is_there(root, asset, pins)]
    if not missing and _is_bundled(root):
        return True
    for asset in missing:
        _remove(root, asset)
    _remove_tree(root / BUILT)
    problem = _make(root, npm, missing, pins)
    if problem:
        lack = " and ".join([asset.lack for asset in missing if not _is_there(root, asset, pins)] + [WITHOUT_BUNDLE])
        say(f"page assets: left out, so the service will {lack}: {problem}")
    return not problem


def remove_leftovers(root: Path) -> None:
    """Remove from VENDOR and FONTS what no Asset names, from BUILT what no manifest names, and what the old folder had.

    Files of others in the old folder stay, and so does everything in a tree that cannot be written.
    """
    named = _paths()
    for path in [*(root / VENDOR).glob("*"), *(root / FONTS).glob("*")]:
        if path.relative_to(root) not in named:
            _remove_tree(path)
    kept = _bundled(root)
    for path in (root / BUILT).glob("*"):
        if path.relative_to(root) not in kept:
            _remove_tree(path)
    _remove_tree(root / OLD_VENDOR)
    for cache in list((root / OLD_FOLDER).rglob("__pycache__")):
        _remove_tree(cache)
    # The innermost first: each becomes empty when those in it are gone.
    for folder in sorted((root / OLD_FOLDER).rglob("*"), reverse=True):
        _remove_empty(folder)
    _remove_empty(root / OLD_FOLDER)


def _paths() -> set[Path]:
    """The paths of all files of assets, relative to the root of the project."""
    return {path for asset in ASSETS for path in asset.paths()}


def _remove_tree(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _remove_empty(folder: Path) -> None:
    """Remove a folder unless something is in it."""
    with suppress(OSError):
        folder.rmdir()


def _pins(root: Path) -> dict[str, str]:
    """The text that each package's stamp must have, by package."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    found = {asset.package: lock["packages"][f"node_modules/{asset.package}"] for asset in ASSETS}
    return {name: f"{name} {entry['version']} {entry['integrity']}\n" for name, entry in found.items()}


def _is_there(root: Path, asset: Asset, pins: Mapping[str, str]) -> bool:
    is_whole = all((root / path).is_file() for path in asset.paths())
    return is_whole and (root / asset.stamp()).read_text("utf-8") == pins[asset.package]


def _remove(root: Path, asset: Asset) -> None:
    for path in asset.paths():
        (root / path).unlink(missing_ok=True)


def _bundled(root: Path) -> list[Path]:
    """The paths of the bundle's files, relative to root; none without a manifest."""
    try:
        names: list[str] = json.loads((root / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, LookupError):
        return []
    files = [BUILT / f"{name}{end}" for name in names for end in (("",) if name.endswith(".map") else COMPRESSED)]
    return [*files, MANIFEST]


def _is_bundled(root: Path) -> bool:
    """Whether the bundle was made of the present sources, by the present tools."""
    files = _bundled(root)
    if not files or not all((root / path).is_file() for path in files):
        return False
    manifest = json.loads((root / MANIFEST).read_text("utf-8"))
    inputs = {root / STATIC / name: digest for name, digest in manifest["inputs"].items()}
    is_same = all(path.is_file() and _digest(path) == digest for path, digest in inputs.items())
    return is_same and manifest["stamp"] == _tools(root)


def _tools(root: Path) -> str:
    """What the bundle depends on besides its sources."""
    return f"{ESBUILD} {_locked(root)[ESBUILD]} {_digest(root / BUNDLER)}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _locked(root: Path) -> dict[str, str]:
    """The pinned version of each package that is needed here."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    needed = (*(asset.package for asset in ASSETS), ESBUILD)
    return {name: lock["packages"][f"node_modules/{name}"]["version"] for name in needed}


def _make(root: Path, npm: Npm, assets: Sequence[Asset], pins: Mapping[str, str]) -> str:
    """Put the assets in place, then bundle; returns what went wrong, or ""."""
    if npm.program is None:
        return "npm is not installed; install it and run `make assets`"
    with TemporaryDirectory(prefix="mixsvc-assets-", ignore_cleanup_errors=True) as folder:
        try:
            _make_with(_installed(root, npm, Path(folder)), root, npm, assets, pins)
        except subprocess.TimeoutExpired:
            return f"npm did not end within {npm.seconds:g} seconds; run `make assets` when its registry can be reached"
        except subprocess.CalledProcessError as error:
            return (
                f"npm ended with status {error.returncode}: {_reason(error.output)}; correct that and run `make assets`"
            )
        except OSError as error:
            return f"{error}; correct that and run `make assets`"
    return ""


def _installed(root: Path, npm: Npm, folder: Path) -> Path:
    """The folder with node_modules: root where the pinned packages are installed there, else the given one."""
    if all(_version(root / "node_modules" / name) == version for name, version in _locked(root).items()):
        return root
    for path in (Path("package.json"), Path("package-lock.json"), BUNDLER):
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(root / path, folder / path)
    _run([str(npm.program), *CLEAN_INSTALL], folder, npm.seconds)
    return folder


def _version(package: Path) -> str | None:
    try:
        found: str = json.loads((package / "package.json").read_text("utf-8"))["version"]
    except (OSError, ValueError, LookupError):
        return None
    return found


def _make_with(folder: Path, root: Path, npm: Npm, assets: Sequence[Asset], pins: Mapping[str, str]) -> None:
    for asset in assets:
        _copy(folder / "node_modules" / asset.package, root, asset, pins[asset.package])
    _run([str(npm.program), "run", "--silent", "bundle", "--", str(root / STATIC), _tools(root)], folder, npm.seconds)
    if not _is_bundled(root):
        raise OSError(f"{BUNDLER} made no bundle")


def _run(command: Sequence[str], folder: Path, seconds: float) -> None:
    subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=True,
    )


def _reason(output: str) -> str:
    """What npm says, or the program that it has run: its error, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    of_npm = [line.split(" ", 2)[-1] for line in lines if line.lower().startswith("npm err")]
    errors = [line for line in lines if ERROR.search(line)]
    return " ".join(of_npm[:3] or errors[:1] or lines[-1:]) or "it printed no reason"


def _copy(package: Path, root: Path, asset: Asset, stamp: str) -> None:
    folder = root / asset.folder
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in asset.files.items():
        shutil.copyfile(package / source, folder / name)
    # Written last, so that a copy that was interrupted is fetched again.
    (root / asset.stamp()).write_text(stamp, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(not make_assets(Path(__file__).resolve().parent, Npm(), print))
