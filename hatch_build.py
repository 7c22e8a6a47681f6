"""The page assets: what the pages load in the browser, taken from npm when the package is built.

They go to mixsvc/pages/static/vendor/, which git ignores and every wheel and sdist holds, so that neither
the service nor its visitors need another server. package-lock.json pins them: version and SHA-512.
Run as a script it makes them without building: `python hatch_build.py`.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["ASSETS", "Asset", "Npm", "PageAssets", "make_assets"]

VENDOR: Final = Path("mixsvc", "pages", "static", "vendor")
NPM_SECONDS: Final = 120.0
# Without what only checks our own scripts.
CLEAN_INSTALL: Final = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")


@dataclass(frozen=True)
class Asset:
    """Files of one npm package of package.json: where each is in the package, and its name among the assets.

    lack: what the page does without them.
    """

    package: str
    files: Mapping[str, str]
    lack: str

    def stamp(self) -> str:
        """The name of the file that says which version the others are."""
        return f"{self.package}.version"


ASSETS: Final = (
    Asset(
        "sockjs-client",
        {"dist/sockjs.min.js": "sockjs.min.js", "LICENSE": "sockjs.LICENSE.txt"},
        "talk plain WebSocket only",
    ),
    Asset(
        "uplot",
        {
            "dist/uPlot.iife.min.js": "uplot.min.js",
            "dist/uPlot.min.css": "uplot.min.css",
            "LICENSE": "uplot.LICENSE.txt",
        },
        "show tables and no charts",
    ),
)


@dataclass(frozen=True)
class Npm:
    """The npm to ask: its program, None where there is none, and how long it may take."""

    program: str | None = field(default_factory=lambda: shutil.which("npm"))
    seconds: float = NPM_SECONDS


class PageAssets(BuildHookInterface[BuilderConfig]):
    """Makes the assets before an sdist, a wheel or an editable install is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling; a build without the assets goes on, and says so."""
        make_assets(Path(self.root), Npm(), self.app.display_info)


def make_assets(root: Path, npm: Npm, say: Callable[[str], None]) -> bool:
    """Put every asset in place below root; whether all are there. Does nothing for those that are; blocks.

    Never raises for what npm does: when there is none, it fails or takes too long, `say` gets one line, and the
    assets that are missing or of another version than the pinned one are left out.
    """
    pins = _pins(root)
    missing = [asset for asset in ASSETS if not _is_there(root, asset, pins)]
    for asset in missing:
        _remove(root, asset)
    problem = _fetch(root, npm, missing, pins) if missing else ""
    if problem:
        lack = " and ".join(asset.lack for asset in missing)
        say(f"page assets: left out, so the page will {lack}: {problem}")
    return not problem


def _pins(root: Path) -> dict[str, str]:
    """What each package's stamp must say."""
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    found = {asset.package: lock["packages"][f"node_modules/{asset.package}"] for asset in ASSETS}
    return {name: f"{name} {entry['version']} {entry['integrity']}\n" for name, entry in found.items()}


def _is_there(root: Path, asset: Asset, pins: Mapping[str, str]) -> bool:
    stamp = root / VENDOR / asset.stamp()
    files = [root / VENDOR / name for name in asset.files.values()]
    return all(file.is_file() for file in (stamp, *files)) and stamp.read_text("utf-8") == pins[asset.package]


def _remove(root: Path, asset: Asset) -> None:
    for name in (asset.stamp(), *asset.files.values()):
        (root / VENDOR / name).unlink(missing_ok=True)


def _fetch(root: Path, npm: Npm, assets: Sequence[Asset], pins: Mapping[str, str]) -> str:
    """Take the assets from npm, in a temporary folder; what went wrong, or nothing."""
    if npm.program is None:
        return "npm is not installed; install it and run `make assets`"
    with TemporaryDirectory(prefix="mixsvc-assets-", ignore_cleanup_errors=True) as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, folder)
        try:
            _run([npm.program, *CLEAN_INSTALL], folder, npm.seconds)
            for asset in assets:
                _copy(Path(folder, "node_modules", asset.package), root, asset, pins[asset.package])
        except subprocess.TimeoutExpired:
            return f"npm did not end within {npm.seconds:g} seconds; run `make assets` when its registry can be reached"
        except subprocess.CalledProcessError as error:
            return f"npm ended with status {error.returncode}: {_reason(error.output)}; mend it and run `make assets`"
        except OSError as error:
            return f"{error}; mend it and run `make assets`"
    return ""


def _run(command: Sequence[str], folder: str, seconds: float) -> None:
    subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds,
        check=True,
    )


def _reason(output: str) -> str:
    lines = [line.split(" ", 2)[-1] for line in output.splitlines() if line.lower().startswith("npm err")]
    return " ".join(lines[:3]) or "it said nothing"


def _copy(package: Path, root: Path, asset: Asset, stamp: str) -> None:
    vendor = root / VENDOR
    vendor.mkdir(parents=True, exist_ok=True)
    for source, name in asset.files.items():
        shutil.copyfile(package / source, vendor / name)
    # Last, so that what was cut off half-way is fetched again.
    (vendor / asset.stamp()).write_text(stamp, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(not make_assets(Path(__file__).resolve().parent, Npm(), print))
