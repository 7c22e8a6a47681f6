import os
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from tests.e2e.support.nobody import AsNobody
from tests.e2e.support.service import Launch


@pytest.fixture
def nobodys(launch: Launch) -> Iterator[AsNobody]:
    """In a folder that the later user may reach, with ports and an access log."""
    if os.getuid() != 0:
        pytest.skip("only root becomes somebody else")
    folder = Path(mkdtemp(prefix="mixsvc-test-"))
    server = {"admin_listen": "unix:admin.sock", "access_log_file": "access.log"}
    config = launch.having(server=server).config
    yield AsNobody(launch.programs, folder, config)
    rmtree(folder)
