"""Bundles of scripts for tests."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

__all__ = ["make_bundle"]


def make_bundle(sources: Path, entries: Mapping[str, str]) -> None:
    """Make a bundle below a folder of sources, as tools/bundle.mjs does: each source that is named becomes a file.

    A file's content is its name. Its forms differ, so that a test can tell them apart: Brotli's is no valid one.
    """
    built = sources / "built"
    built.mkdir(exist_ok=True)
    for name in entries.values():
        (built / name).write_text(name)
        (built / f"{name}.map").write_text("{}")
        (built / f"{name}.gz").write_bytes(gzip.compress(name.encode()))
        (built / f"{name}.br").write_text("Brotli")
    inputs = {
        name: hashlib.sha256((sources / name).read_bytes()).hexdigest() for name in entries if (sources / name).exists()
    }
    files = [file for name in entries.values() for file in (name, f"{name}.map")]
    (built / "manifest.json").write_text(json.dumps({"entries": dict(entries), "inputs": inputs, "files": files}))
