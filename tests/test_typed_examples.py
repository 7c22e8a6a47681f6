"""The examples of the README and the documents, as mypy --strict sees them without any plugin."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.builds import PROJECT

pytest.importorskip("mypy")

PAGES: Final = ("README.md", "docs/intro/first-hour.md")
# Nothing is said of what the examples import: users have it installed, where mypy reports no errors.
SETTINGS: Final = "[mypy]\nstrict = true\nfollow_imports = silent\n"


def test_they_have_complete_and_right_types(tmp_path: Path) -> None:
    settings = tmp_path / "mypy.ini"
    settings.write_text(SETTINGS)
    blocks = [block for page in PAGES for block in re.findall(r"```python\n(.*?)```", read(page), re.DOTALL)]
    blocks.append(read("examples/shop/shop.py"))
    files = [tmp_path / f"example_{number}.py" for number in range(len(blocks))]
    for file, block in zip(files, blocks, strict=True):
        file.write_text(block)

    command = [sys.executable, "-m", "mypy", f"--config-file={settings}", f"--cache-dir={tmp_path}/cache"]
    done = subprocess.run(
        [*command, *files], capture_output=True, text=True, cwd=PROJECT, env={"MYPYPATH": str(PROJECT)}
    )

    assert (done.stdout, done.stderr) == (f"Success: no issues found in {len(files)} source files\n", "")


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")
