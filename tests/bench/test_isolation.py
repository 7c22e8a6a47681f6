"""The scenario with views that compute beside the chat: it gives every figure, of one process and of two."""

import pytest

from bench.peers import ALL_PEERS
from bench.processes import on_cores, running
from bench.scenarios import SCENARIOS


@pytest.mark.parametrize("name", ["mixsvc"])
def test_chat_and_views_are_measured_at_the_same_time(name: str) -> None:
    with running(ALL_PEERS[name], on_cores()) as server:
        figures = SCENARIOS["isolation"].measure(server, 0.2)

    assert list(figures) == ["views/s", "say ms, median", "say ms, 99 %", "who ms, median", "who ms, 99 %"]
    assert all(value > 0 for value in figures.values())
