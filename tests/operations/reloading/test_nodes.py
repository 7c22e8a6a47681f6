"""A reload of one node of several: each reads its own file, and the log says what differs from the others."""

from collections.abc import Iterator

import pytest
from twisted.logger import capturedLogs, formatEvent

from tests.operations.reloading.service import ReloadedService


@pytest.fixture
def service(database_url: str) -> Iterator[ReloadedService]:
    made = ReloadedService(storage={"path": "node.sqlite3", "url": database_url})
    yield made
    made.end()


def test_the_log_warns_of_what_differs_now_from_the_other_nodes(service: ReloadedService) -> None:
    with capturedLogs() as logged:
        line = service.reload(chat={"rate": "9"}, server={"hosts": "x"})

        def warnings() -> list[str]:
            return [text for each in logged if (text := formatEvent(each) or "").startswith("nodes: ")]

        service.until(lambda: bool(warnings()))

    assert line == "changed: [server] hosts, [chat] rate"
    assert warnings() == [
        "nodes: [chat] rate is set otherwise than on the node that read its settings before this one; give all nodes "
        "the same settings"
    ]
