"""The next process of this run of the system knows since when the time of day is right."""

import os
import resource
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from mixsvc.common.clocks import TRUST_SECONDS, Agreement, WallClock
from mixsvc.storage.clock_record import LOOK_SECONDS, ClockKeeper, ClockRecord
from tests.rates.samples import at_once

DAY = 86400.0


class Computer:
    """Starts processes one after the other, on one monotonic clock and one time of day."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "mixsvc.sqlite3"
        self.boot_id = folder / "boot_id"
        self.boot_id.write_text("first\n")
        self.clock = Clock()
        self.ahead = 1.7e9

    def record(self) -> ClockRecord:
        return ClockRecord(str(self.database), str(self.boot_id))

    def process(self) -> tuple[WallClock, ClockKeeper]:
        wall = WallClock(self.clock.seconds, lambda: self.clock.seconds() + self.ahead)
        keeper = ClockKeeper(self.clock, wall, self.record(), at_once)
        keeper.resume()
        keeper.start()
        return wall, keeper

    def live(self, seconds: float) -> bool:
        """Run a process for so long; returns whether it trusted the time of day at the end."""
        wall, keeper = self.process()
        self.clock.pump([LOOK_SECONDS] * int(seconds / LOOK_SECONDS))
        keeper.stop()
        return wall.trusted_seconds() is not None


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_processes_that_live_less_than_an_hour_trust_the_time_after_an_hour(computer: Computer) -> None:
    assert not computer.live(TRUST_SECONDS / 2)
    assert computer.live(TRUST_SECONDS / 2)
    assert computer.live(0)


@pytest.mark.parametrize("step", [-400 * DAY, 60, 400 * DAY])
def test_a_start_under_another_time_begins_anew(computer: Computer, step: float) -> None:
    assert computer.live(TRUST_SECONDS)
    computer.ahead += step

    assert not computer.live(TRUST_SECONDS - LOOK_SECONDS)


def test_after_a_time_that_was_set_the_next_process_begins_where_this_one_did(computer: Computer) -> None:
    _, keeper = computer.process()
    computer.clock.advance(LOOK_SECONDS * 100)
    computer.ahead += DAY
    computer.clock.advance(LOOK_SECONDS)
    keeper.stop()

    assert not computer.live(TRUST_SECONDS - LOOK_SECONDS)
    assert computer.live(LOOK_SECONDS)


def test_after_a_start_of_the_system_a_process_begins_anew(computer: Computer) -> None:
    assert computer.live(TRUST_SECONDS)
    computer.boot_id.write_text("second\n")

    assert not computer.live(TRUST_SECONDS - LOOK_SECONDS)


def test_where_the_systems_run_has_no_name_nothing_is_taken_over(computer: Computer) -> None:
    computer.boot_id.unlink()
    assert computer.live(TRUST_SECONDS)

    assert not computer.live(0)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"boot": "first"}', '{"boot": "first", "ahead": "x", "since": 0}', "\xff"]
)
def test_a_record_that_cannot_be_read_is_ignored(computer: Computer, text: str) -> None:
    (computer.database.parent / "mixsvc.sqlite3-clock").write_bytes(text.encode("latin-1"))

    assert computer.record().read() is None


def test_a_folder_that_cannot_be_written_changes_nothing(computer: Computer) -> None:
    computer.database = computer.database / "nowhere"

    computer.record().write(Agreement(0.0, 0.0))

    assert computer.record().read() is None


def test_a_record_that_cannot_be_written_leaves_no_other_file(computer: Computer) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As a full disk: a file can be made, but takes nothing.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        computer.record().write(Agreement(0.0, 0.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    assert os.listdir(computer.database.parent) == ["boot_id"]


def test_only_the_services_user_can_read_it(computer: Computer) -> None:
    computer.live(0)

    assert (computer.database.parent / "mixsvc.sqlite3-clock").stat().st_mode & 0o777 == 0o600


def test_it_leaves_no_other_file(computer: Computer) -> None:
    computer.live(0)

    assert sorted(os.listdir(computer.database.parent)) == ["boot_id", "mixsvc.sqlite3-clock"]
