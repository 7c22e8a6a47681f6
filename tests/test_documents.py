"""The documents name files that exist, and the ways in ARCHITECTURE.md have few files."""

import re
from pathlib import Path

from tests.builds import PROJECT

ARCHITECTURE = (PROJECT / "ARCHITECTURE.md").read_text()
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("examples/**/*.md")])


def ways() -> list[list[str]]:
    """The files of each way, in their order."""
    (part,) = re.findall(r"\n## The ways\n(.*?)\n## ", ARCHITECTURE, re.DOTALL)
    return [re.findall(r"`([\w/]+\.py)`", way) for way in re.split(r"\n\*\*", part)[1:]]


def exists(name: str) -> bool:
    """Whether a path that a document names is there: from the root, or from mixsvc."""
    return (PROJECT / name).exists() or (PROJECT / "mixsvc" / name).exists()


def test_every_link_of_every_document_leads_to_a_file() -> None:
    links = {(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())}

    missing = [
        f"{page.relative_to(PROJECT)}: {link}"
        for page, link in links
        if "://" not in link and not Path(page.parent, link).exists()
    ]

    assert len(links) > 50
    assert missing == []


def test_every_module_that_a_document_names_is_there() -> None:
    named = {
        (page.name, name)
        for page in PAGES
        if page.name != "CHANGELOG.md"
        for name in re.findall(r"`((?:mixsvc|txsockjs|tests|[a-z]+)/[a-z0-9_/]+\.py)`", page.read_text())
    }

    assert len(named) > 40
    assert sorted(pair for pair in named if not exists(pair[1])) == []


def test_a_request_a_chat_line_and_a_rate_each_meet_at_most_15_files() -> None:
    lengths = [len(way) for way in ways()]

    assert len(lengths) == 3
    assert all(8 <= length <= 15 for length in lengths), lengths


def test_the_page_of_the_architecture_has_fewer_than_150_lines() -> None:
    assert len(ARCHITECTURE.splitlines()) < 150


def test_the_prose_of_the_architecture_has_lines_of_at_most_120_columns() -> None:
    prose = [line for line in ARCHITECTURE.splitlines() if not line.startswith("|")]

    assert [line for line in prose if len(line) > 120] == []


def test_no_document_installs_mixsvc_from_a_registry() -> None:
    files = [*PAGES, PROJECT / "config.example.ini", *PROJECT.glob("examples/**/*.py"), *PROJECT.glob("mixsvc/**/*.py")]

    said = [
        f"{file.name}: {line}"
        for file in files
        for line in file.read_text().splitlines()
        if re.search(r"""pip install (-\S+ )*['"]?mixsvc(['"\[\s]|$)""", line)
    ]

    # It is not on PyPI, where somebody else may use its name one day.
    assert said == []
