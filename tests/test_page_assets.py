"""hatch_build.py with npm programs of the tests: a build never fails when npm does."""

import shutil
from pathlib import Path

import pytest

from hatch_build import BUILT, BUNDLER, FONTS, STATIC, VENDOR, Npm, make_assets
from tests.builds import PROJECT

GOOD = """#!/bin/sh
if [ "$1" = run ]; then
    mkdir -p "$5/built" && cd "$5/built" && touch main-1.js main-1.js.gz main-1.js.br main-1.js.map
    digest=$(sha256sum <../main.js | cut -d' ' -f1)
    printf '{"stamp": "%s", "files": ["main-1.js", "main-1.js.map"], "inputs": {"main.js": "%s"}}' "$6" "$digest" \\
        >manifest.json
    exit
fi
mkdir -p node_modules/sockjs-client/dist
echo "$@" >node_modules/sockjs-client/dist/sockjs.min.js
echo terms >node_modules/sockjs-client/LICENSE
mkdir -p node_modules/uplot/dist
mkdir -p node_modules/markdown-it/dist
for name in dist/markdown-it.mjs LICENSE; do echo "$name" >node_modules/markdown-it/$name; done
for name in dist/uPlot.esm.js dist/uPlot.min.css LICENSE; do echo "$name" >node_modules/uplot/$name; done
fonts=node_modules/dejavu-fonts-ttf
mkdir -p $fonts/ttf
for name in ttf/DejaVuSans.ttf ttf/DejaVuSans-Bold.ttf LICENSE; do echo "$name" >$fonts/$name; done
"""
# Fetches the packages, and bundles nothing.
HALF = GOOD.replace("manifest.json", "other.json")
BAD = "#!/bin/sh\necho 'npm error code ENOTFOUND'\nexit 1\n"
# How Node ends that is too old for the bundler, esbuild when a module is missing, and another program.
OLD_NODE = """
file:///p/tools/bundle.mjs:90
  note(name, await build({ ...common, plugins: [later, lightMarkdown, lightChart] }));
             ^^^^^

SyntaxError: Unexpected reserved word
    at Loader.moduleStrategy (internal/modules/esm/translators.js:140:18)
"""
NO_MODULE = """
\u2718 [ERROR] Could not resolve "./gone.js"

    main.js:1:7:
/p/node_modules/esbuild/lib/main.js:1467
  let error = new Error(text);
Error: Build failed with 1 error:
"""
NO_PACKAGE = (
    "node:internal/errors:540\n      throw error;\nError [ERR_MODULE_NOT_FOUND]: Cannot find 'esbuild'\n  at x\n"
)
OTHER = "Bundling\nno space left\n\n"
EMPTY = "#!/bin/sh\n"
SLOW = "#!/bin/sh\nexec sleep 600\n"


class Project:
    """A folder with our package.json and lock, and an npm; `said` holds the lines that were printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asset = folder / VENDOR / "sockjs.min.js"
        self.stamp = folder / VENDOR / "sockjs-client.version"
        self.said: list[str] = []
        self.script = folder / STATIC / "main.js"
        for path in ("package.json", "package-lock.json", BUNDLER, STATIC / "main.js"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / path, folder / path)

    def make(self, script: str, seconds: float = 60) -> bool:
        npm = self.folder / "npm"
        npm.write_text(script)
        npm.chmod(0o700)
        return make_assets(self.folder, Npm(str(npm), seconds), self.said.append)

    def files(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()}

    def bundle(self) -> set[str]:
        return {file.name for file in (self.folder / BUILT).glob("*")}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_an_asset_is_the_file_that_npm_installs_without_running_scripts(project: Project) -> None:
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
        "uplot.js",
        "uplot.min.css",
        "uplot.LICENSE.txt",
        "uplot.version",
        "markdown-it.js",
        "markdown-it.LICENSE.txt",
        "markdown-it.version",
    }
    fonts = {file.name for file in (project.folder / FONTS).iterdir()}
    assert fonts == {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVu.LICENSE.txt", "dejavu-fonts-ttf.version"}


def test_the_line_names_what_the_page_lacks_without_the_missing_packages(project: Project) -> None:
    project.make(BAD)
    project.make(GOOD)
    project.asset.unlink()
    project.make(BAD)

    alone = "serve its scripts one by one and show Markdown as it was typed"
    lacks = "talk plain WebSocket only and show tables and no charts and show Markdown as text"
    fonts = "draw charts with the fonts of the system"
    assert f"the service will {lacks} and {fonts} and {alone}: " in project.said[0]
    assert f"will talk plain WebSocket only and {alone}: " in project.said[1]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (OLD_NODE, "SyntaxError: Unexpected reserved word"),
        (NO_MODULE, '\u2718 [ERROR] Could not resolve "./gone.js"'),
        (NO_PACKAGE, "Error [ERR_MODULE_NOT_FOUND]: Cannot find 'esbuild'"),
        (OTHER, "no space left"),
        ("", "it printed no reason"),
    ],
)
def test_the_line_says_why_the_bundler_has_failed(project: Project, output: str, reason: str) -> None:
    bundler = f'if [ "$1" = run ]; then\ncat <<"END"\n{output}END\nexit 1\nfi\n'

    project.make(GOOD.replace("#!/bin/sh\n", f"#!/bin/sh\n{bundler}"))

    assert f": npm ended with status 1: {reason}; correct that and run `make assets`" in project.said[0]


def test_npm_leaves_nothing_in_the_source_tree(project: Project) -> None:
    project.make(GOOD)

    assert project.files() == {"package.json", "package-lock.json", "npm", "mixsvc", "tools"}


def test_an_asset_of_the_pinned_version_is_left_alone(project: Project) -> None:
    project.make(GOOD)

    assert project.make(BAD)
    assert project.said == []


def test_an_asset_of_another_version_is_replaced(project: Project) -> None:
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


def test_the_scripts_are_bundled_anew_when_they_have_changed(project: Project) -> None:
    project.make(GOOD)
    project.script.write_text("// changed")

    assert not project.make(BAD)
    assert project.bundle() == set()
    assert project.make(GOOD)

    assert project.bundle() == {"main-1.js", "main-1.js.gz", "main-1.js.br", "main-1.js.map", "manifest.json"}
    assert [line.partition(": npm")[0] for line in project.said] == [
        "page assets: left out, so the service will serve its scripts one by one and show Markdown as it was typed"
    ]


def test_a_bundle_of_other_tools_is_made_anew(project: Project) -> None:
    project.make(GOOD)
    (project.folder / BUNDLER).write_text("// changed")

    assert not project.make(BAD)


def test_a_bundle_that_lacks_a_file_is_made_anew(project: Project) -> None:
    project.make(GOOD)
    (project.folder / BUILT / "main-1.js.br").unlink()

    assert project.make(GOOD)

    assert "main-1.js.br" in project.bundle()


def test_without_a_bundle_the_packages_are_there_and_one_line_says_so(project: Project) -> None:
    assert not project.make(HALF)

    assert project.asset.exists()
    assert project.said == [
        "page assets: left out, so the service will serve its scripts one by one and show Markdown as it was typed: "
        "tools/bundle.mjs made no bundle; "
        "correct that and run `make assets`"
    ]


def test_packages_of_the_pinned_versions_in_the_checkout_are_not_fetched_again(project: Project) -> None:
    pins = {
        "sockjs-client": "1.6.1",
        "uplot": "1.6.32",
        "dejavu-fonts-ttf": "2.37.3",
        "markdown-it": "15.0.3",
        "esbuild": "0.28.2",
    }
    assert project.make(GOOD)
    for name, version in pins.items():
        (project.folder / "node_modules" / name).mkdir(parents=True)
        (project.folder / "node_modules" / name / "package.json").write_text(f'{{"version": "{version}"}}')
    project.script.write_text("// changed")

    assert project.make(GOOD.replace("mkdir -p node_modules", "exit 1; mkdir -p node_modules"))

    assert project.said == []


def test_files_that_no_manifest_names_are_removed(project: Project) -> None:
    project.make(GOOD)
    (project.folder / BUILT / "main-0.js").write_text("old")

    project.make(BAD)

    assert "main-0.js" not in project.bundle()


def test_files_that_no_asset_names_are_removed(project: Project) -> None:
    project.make(GOOD)
    vendor = project.asset.parent
    before = {file.name for file in vendor.iterdir()}
    (vendor / "old.min.js").write_text("old")
    (vendor / "old").mkdir()
    (vendor / "old" / "nested.js").write_text("old")

    assert project.make(BAD)

    assert {file.name for file in vendor.iterdir()} == before


def test_the_folder_of_before_the_move_is_removed(project: Project) -> None:
    for name in (
        "static/vendor/sockjs.min.js",
        "__pycache__/app.cpython-311.pyc",
        "static/__pycache__/x.pyc",
    ):
        old = project.folder / "mixsvc" / "web" / name
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_text("old")

    project.make(GOOD)

    assert {each.name for each in (project.folder / "mixsvc").iterdir()} == {"pages", "charts"}


def test_a_file_of_somebody_else_in_the_old_folder_stays(project: Project) -> None:
    mine = project.folder / "mixsvc" / "web" / "static" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    (mine.parent / "vendor").mkdir()
    (mine.parent / "vendor" / "sockjs.min.js").write_text("old")

    project.make(GOOD)

    assert mine.read_text() == "mine"
    assert not (mine.parent / "vendor").exists()


def test_leftovers_of_an_asset_that_links_elsewhere_leave_the_target_alone(project: Project) -> None:
    target = project.folder / "kept"
    target.mkdir()
    (target / "file").write_text("kept")
    project.asset.parent.mkdir(parents=True)
    (project.asset.parent / "old").symlink_to(target)

    project.make(GOOD)

    assert (target / "file").read_text() == "kept"
    assert not (project.asset.parent / "old").is_symlink()


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
