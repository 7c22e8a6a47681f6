"""What waits of a response is given back, also after its file could not be read."""

import os
from pathlib import Path
from typing import Final

import pytest

from mixsvc.wsgi.backlog import ResponseBacklog
from mixsvc.wsgi.file_wrapper import PlainFile
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota

SIZE: Final = 2**18


@pytest.fixture
def quota() -> SpoolQuota:
    return SpoolQuota(SpoolLimits(each=0, together=0, files=1), lambda: 0.0)


def test_a_file_that_fails_after_its_client_has_left_is_closed(quota: SpoolQuota, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * SIZE)
    backlog = ResponseBacklog(quota)
    before = len(os.listdir("/proc/self/fd"))
    with path.open("rb") as file:
        assert backlog.put_file(PlainFile(file.fileno(), 0, SIZE))
    assert backlog.begin_reading()
    # The client leaves while the disk is slow: whoever reads has to close the file then.
    assert backlog.close()
    backlog.give_back()
    assert quota.files == 1
    os.truncate(path, 0)

    with pytest.raises(OSError, match="shorter"):
        backlog.read()

    assert quota.files == 0
    assert len(os.listdir("/proc/self/fd")) == before
