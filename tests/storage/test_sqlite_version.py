"""Which versions of SQLite have the fault."""

import pytest

from mixsvc.storage.sqlite_version import has_wal_reset_fault


@pytest.mark.parametrize(
    ("version", "has_fault"),
    [
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_the_fault_is_mended_in_three_lines_of_releases(version: tuple[int, ...], has_fault: bool) -> None:
    assert has_wal_reset_fault(version) is has_fault
