"""The sdist and the wheel hold all that they need and no leftovers, and twistd runs the installed wheel."""

import gzip
import json
import subprocess
import tarfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from hatch_build import ASSETS
from tests.builds import NOTHING, PROJECT, Distributions, build, checkout, contents

ASSET = "mixsvc/pages/static/vendor/sockjs.min.js"

# Files that a service leaves in the checkout.
LEFT = (
    "api_token",
    "admin_token",
    "secret_key",
    "incoming_webhooks",
    "webhook_secrets",
    "mixsvc.ini",
    "mixsvc.log",
    "access.log.1",
    "mixsvc.sqlite3-wal",
)


@pytest.fixture(scope="module")
def wheel(distributions: Distributions) -> dict[str, bytes]:
    return contents(distributions.wheel)


def names_in(sdist: Path) -> set[str]:
    """The files of an sdist, as they are named in its tree."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


@pytest.fixture(scope="module")
def sdist(distributions: Distributions) -> set[str]:
    return names_in(distributions.sdist)


@pytest.fixture(scope="module")
def wheel_without_npm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("without-npm")
    source = checkout(folder / "checkout")
    return contents(build(source, folder / "wheel", "--wheel", "--no-isolation", path=NOTHING))


def test_the_wheel_of_the_sdist_is_that_of_the_checkout(distributions: Distributions) -> None:
    from_sdist = contents(distributions.wheel_from_sdist)

    from_checkout = contents(distributions.wheel)

    assert sorted(from_sdist) == sorted(from_checkout)
    assert [name for name in from_sdist if from_sdist[name] != from_checkout[name]] == []


def test_the_wheel_holds_every_file_of_its_packages(wheel: dict[str, bytes]) -> None:
    files = {
        str(file.relative_to(PROJECT))
        for package in ("mixsvc", "txgevent", "txsockjs")
        for file in (PROJECT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert files - set(wheel) == set()


def test_the_wheel_marks_its_packages_as_typed(wheel: dict[str, bytes]) -> None:
    assert {"mixsvc/py.typed", "txgevent/py.typed", "txsockjs/py.typed"} <= set(wheel)


def test_the_wheel_holds_the_schema(wheel: dict[str, bytes]) -> None:
    assert "mixsvc/storage/schema/1.sql" in wheel


def test_the_wheel_puts_its_plugins_and_nothing_else_beside_those_of_twisted(wheel: dict[str, bytes]) -> None:
    plugins = {f"twisted/plugins/{file.name}" for file in (PROJECT / "twisted" / "plugins").glob("*_plugin.py")}

    assert {name for name in wheel if name.startswith("twisted/")} == plugins
    assert "twisted/plugins/mixsvc_plugin.py" in plugins


def test_the_wheel_holds_nothing_but_the_packages_and_its_description(wheel: dict[str, bytes]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"mixsvc", "txgevent", "txsockjs", "twisted"}


def test_the_wheel_holds_the_sockjs_client_with_its_licence(wheel: dict[str, bytes]) -> None:
    assert wheel[ASSET].startswith(b"/* sockjs-client v1.6.1 ")
    assert b"Copyright" in wheel["mixsvc/pages/static/vendor/sockjs.LICENSE.txt"]


def test_the_wheel_holds_the_bundle_of_the_scripts_with_its_source_maps(wheel: dict[str, bytes]) -> None:
    built = "mixsvc/pages/static/built"
    manifest = json.loads(wheel[f"{built}/manifest.json"])

    later = ("client/fallback.js", "search/search.js", "text/markdown.js", "vendor/uplot.js", "widget/panels.js")
    for source in ("main.js", "away.js", "rates/rates.js", "widget/widget.js", "style.css", *later):
        name = manifest["entries"][source]
        content = wheel[f"{built}/{name}"]
        assert gzip.decompress(wheel[f"{built}/{name}.gz"]) == content
        assert len(wheel[f"{built}/{name}.br"]) < len(wheel[f"{built}/{name}.gz"]) < len(content)
        assert f"sourceMappingURL={name}.map".encode() in content
        # Whoever debugs a page sees the modules as they were written.
        assert all(json.loads(wheel[f"{built}/{name}.map"])["sourcesContent"])


def test_what_a_first_visit_loads_of_the_bundle_is_light(wheel: dict[str, bytes]) -> None:
    built = "mixsvc/pages/static/built"
    entries = json.loads(wheel[f"{built}/manifest.json"])["entries"]

    first = ("main.js", "style.css", "vendor/uplot.js", "text/markdown.js")
    # With the page, the rates and the heads of all responses that makes less than 75 KB (docs/design/bench.md).
    assert sum(len(wheel[f"{built}/{entries[each]}.br"]) for each in first) < 62_000


def test_the_sdist_holds_all_that_is_needed_to_build_and_test(sdist: set[str]) -> None:
    needed = {
        "Makefile",
        "ARCHITECTURE.md",
        "config.example.ini",
        "README.md",
        "LICENSE",
        "hatch_build.py",
        "package.json",
        "package-lock.json",
        ".ci/run",
    }

    assert needed | {"tools/system-packages", "tests/conftest.py", "docs/reference/chat-protocol.md", ASSET} <= sdist


def test_the_sdist_holds_every_file_that_git_tracks(sdist: set[str]) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True)

    # An unpacked sdist is no git checkout; there nothing is tracked.
    tracked = {name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()}

    assert tracked - sdist == set()


@pytest.mark.parametrize("ignored", [True, False])
def test_files_that_a_service_leaves_in_the_checkout_are_in_no_sdist(tmp_path: Path, ignored: bool) -> None:
    source = checkout(tmp_path / "checkout")
    for name in LEFT:
        (source / name).write_text("x")
    if not ignored:
        (source / ".gitignore").unlink()

    with tarfile.open(build(source, tmp_path / "sdist", "--sdist", "--no-isolation", path=NOTHING)) as archive:
        names = [Path(name) for name in archive.getnames()]

    assert [name for name in names if name.name in LEFT and name.parent.name != "deploy"] == []
    assert "mixsvc.ini" in {name.name for name in names}


def test_files_that_a_service_leaves_in_the_checkout_are_not_given_to_docker() -> None:
    lines = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.removeprefix("**/") for line in lines if not line.startswith("#")]

    assert [name for name in LEFT if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def leave_behind(source: Path) -> None:
    """Put into a tree what older versions have left there."""
    for name in (
        "web/static/vendor/sockjs.min.js",
        "web/__pycache__/app.cpython-311.pyc",
        "web/notes.txt",
        "pages/static/vendor/old.min.js",
        "pages/static/vendor/sockjs.min.js",
        "pages/static/vendor/sockjs.LICENSE.txt",
        "charts/fonts/old.ttf",
    ):
        file = source / "mixsvc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("leftover")
    asset = next(each for each in ASSETS if each.package == "sockjs-client")
    pin = json.loads((source / "package-lock.json").read_text())["packages"]["node_modules/sockjs-client"]
    stamp = f"sockjs-client {pin['version']} {pin['integrity']}\n"
    (source / asset.stamp()).write_text(stamp)


@pytest.mark.parametrize("kind", ["--sdist", "--wheel"])
@pytest.mark.parametrize(
    "git", [(".git", ".gitignore"), (".gitignore",), ()], ids=["git", "unpacked", "ignored by nobody"]
)
def test_leftovers_of_an_older_checkout_are_in_no_distribution(tmp_path: Path, git: tuple[str, ...], kind: str) -> None:
    source = checkout(tmp_path / "checkout")
    leave_behind(source)
    if ".git" in git:
        (source / ".git").mkdir()
    if ".gitignore" not in git:
        (source / ".gitignore").unlink()

    made = build(source, tmp_path / "out", kind, "--no-isolation", path=NOTHING)

    names = contents(made) if kind == "--wheel" else names_in(made)
    vendor = {Path(name).name for name in names if "/vendor/" in name}
    assert [name for name in names if "mixsvc/web/" in name or name.endswith(".ttf")] == []
    assert vendor == {"sockjs.min.js", "sockjs.LICENSE.txt", "sockjs-client.version"}


def test_an_updated_checkout_has_no_package_of_the_old_name(tmp_path: Path) -> None:
    source = checkout(tmp_path / "checkout")
    leave_behind(source)
    (source / "mixsvc" / "web" / "notes.txt").unlink()

    build(source, tmp_path / "out", "--wheel", "--no-isolation", path=NOTHING)

    assert not (source / "mixsvc" / "web").exists()


def test_without_npm_the_build_goes_on_and_leaves_the_assets_out(wheel_without_npm: dict[str, bytes]) -> None:
    assert [name for name in wheel_without_npm if "/vendor/" in name] == []
    assert "mixsvc/__init__.py" in wheel_without_npm


def test_twistd_lists_the_installed_plugin(installed: Path, tmp_path: Path) -> None:
    listed = subprocess.run([installed / "twistd", "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert listed.stderr == ""
    assert "mixsvc " in listed.stdout
