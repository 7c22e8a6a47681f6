"""What all tests share: Hypothesis's profile, and the distributions, built and installed once a run."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.builds import NOTHING, Distributions, build, checkout, install, unpack

settings.register_profile("mixsvc", derandomize=True, deadline=None)
settings.load_profile("mixsvc")


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs in an empty folder: trial's mktemp makes its files in the current one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """An sdist and a wheel of the checkout, and the wheel of that sdist."""
    folder = tmp_path_factory.mktemp("distributions")
    source = checkout(folder / "checkout")
    wheel = build(source, folder / "wheel", "--wheel")
    sdist = build(source, folder / "sdist", "--sdist")
    unpacked = unpack(sdist, folder / "unpacked")
    return Distributions(sdist, wheel, build(unpacked, folder / "again", "--wheel", path=NOTHING))


@pytest.fixture(scope="session")
def installed(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs (twistd, python) of a virtualenv with the wheel in it."""
    return install(distributions.wheel, tmp_path_factory.mktemp("installed") / "venv")
