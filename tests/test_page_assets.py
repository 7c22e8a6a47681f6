"""hatch_build.py with an npm of our own: a build never fails for what npm does."""

import shutil
from pathlib import Path

import pytest

from hatch_build import VENDOR, Npm, make_assets
from tests.builds import PROJECT

GOOD = """#!/bin/sh
mkdir -p node_modules/sockjs-client/dist
echo "$@" >node_modules/sockjs-client/dist/sockjs.min.js
echo terms >node_modules/sockjs-client/LICENSE
mkdir -p node_modules/uplot/dist
for name in dist/uPlot.iife.min.js dist/uPlot.min.css LICENSE; do echo "$name" >node_modules/uplot/$name; done
"""
BAD = "#!/bin/sh\necho 'npm error code ENOTFOUND'\nexit 1\n"
EMPTY = "#!/bin/sh\n"
SLOW = "#!/bin/sh\nexec sleep 600\n"


class Project:
    """A folder with our package.json and lock, an npm, and what was said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asset = folder / VENDOR / "sockjs.min.js"
        self.stamp = folder / VENDOR / "sockjs-client.version"
        self.said: list[str] = []
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PROJECT / name, folder)

    def make(self, script: str, seconds: float = 60) -> bool:
        npm = self.folder / "npm"
        npm.write_text(script)
        npm.chmod(0o700)
        return make_assets(self.folder, Npm(str(npm), seconds), self.said.append)

    def files(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_asset_is_what_npm_installs_without_running_scripts(project: Project) -> None:
    assert project.make(GOOD)

    assert project.asset.read_text().startswith("ci --omit=dev --ignore-scripts ")
    assert project.stamp.read_text().startswith("sockjs-client 1.6.1 sha512-")
    assert project.said == []


def test_each_package_brings_its_files_its_licence_and_its_version(project: Project) -> None:
    project.make(GOOD)

    vendor = {file.name for file in project.asset.parent.iterdir()}
    assert vendor == {
        "sockjs.min.js",
        "sockjs.LICENSE.txt",
        "sockjs-client.version",
        "uplot.min.js",
        "uplot.min.css",
        "uplot.LICENSE.txt",
        "uplot.version",
    }


def test_what_the_page_will_lack_is_said_of_the_missing_packages_alone(project: Project) -> None:
    project.make(BAD)
    project.make(GOOD)
    project.asset.unlink()
    project.make(BAD)

    assert "will talk plain WebSocket only and show tables and no charts: " in project.said[0]
    assert "will talk plain WebSocket only: " in project.said[1]


def test_npm_leaves_nothing_in_the_source_tree(project: Project) -> None:
    project.make(GOOD)

    assert project.files() == {"package.json", "package-lock.json", "npm", "mixsvc"}


def test_an_asset_of_the_pinned_version_is_left_alone(project: Project) -> None:
    project.make(GOOD)

    assert project.make(BAD)
    assert project.said == []


def test_an_asset_of_another_version_is_made_anew(project: Project) -> None:
    project.make(GOOD)
    project.asset.write_text("old")
    project.stamp.write_text("sockjs-client 1.6.0 sha512-old\n")

    assert project.make(GOOD)

    assert project.asset.read_text() != "old"


def test_an_asset_of_another_version_goes_even_when_there_is_no_new_one(project: Project) -> None:
    project.make(GOOD)
    project.stamp.write_text("sockjs-client 1.6.0 sha512-old\n")

    assert not project.make(BAD)

    assert not project.asset.exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [(BAD, "npm ended with status 1: code ENOTFOUND;"), (EMPTY, "No such file"), ("not a program", "Exec format")],
)
def test_when_npm_fails_one_line_says_so(project: Project, script: str, words: str) -> None:
    assert not project.make(script)

    (line,) = project.said
    assert line.startswith("page assets: left out, ")
    assert words in line
    assert "\n" not in line


def test_npm_has_a_time_limit(project: Project) -> None:
    assert not project.make(SLOW, seconds=0.2)

    assert "npm did not end within 0.2 seconds" in project.said[0]


def test_without_npm_one_line_says_so(project: Project) -> None:
    assert not make_assets(project.folder, Npm(None), project.said.append)

    assert "npm is not installed" in project.said[0]
