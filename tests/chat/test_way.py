"""The way of a message, as the folder's docstring describes it."""

import inspect
import re
from pathlib import Path

import mixsvc.chat

ROOT = Path(mixsvc.chat.__file__).parents[2]


def files_of_the_way() -> list[str]:
    prose = inspect.getdoc(mixsvc.chat) or ""
    steps = re.findall(r"^ ?\d+\. (.*)$", prose, re.MULTILINE)
    return [name for step in steps for name in re.findall(r"[a-z_/]+\.py", step)]


def test_the_way_of_a_message_names_files_that_exist() -> None:
    for name in files_of_the_way():
        assert (ROOT / name).exists() or (ROOT / "mixsvc" / name).exists(), name


def test_the_way_of_a_message_has_at_most_15_files() -> None:
    assert 10 <= len(set(files_of_the_way())) <= 15
