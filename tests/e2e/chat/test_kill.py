"""kill -9 at any moment: every acknowledged message is there afterwards, once, in order."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final

import pytest

from tests.e2e.support.service import DEADLINE, Launch, Service
from tests.e2e.support.steadfast import Steadfast
from tests.trials import figures, rounds

# Few rounds in `make test`; `make faults` sets more.
KILLS: Final = rounds(10)
CHATTERS: Final = 4

# No rate limit is reached here.
LIVELY: Final = {"rate": "1000000", "burst": "1000000", "joins": "1000000", "keep": "1000000"}


def rows(path: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT number, text FROM message WHERE room = 'lobby' ORDER BY number").fetchall()


def wait_for_more(chatters: Sequence[Steadfast], count: int) -> None:
    """Wait until so many more messages are acknowledged."""

    def total() -> int:
        return sum(len(each.acknowledged) for each in chatters)

    due = total() + count
    never = Event()
    end = monotonic() + DEADLINE
    while total() < due:
        assert monotonic() < end, f"{due - total()} acknowledgements are missing after {DEADLINE:g} s"
        never.wait(0.002)


@pytest.mark.trial
def test_what_was_acknowledged_survives_kills_once_and_in_order(launch: Launch) -> None:
    chance = random.Random(20261122)
    launch = launch.having(chat=LIVELY)
    with ExitStack() as stack:
        service = stack.enter_context(Service(launch))
        port = service.port
        again = replace(launch, options=("--port", str(port)))
        chatters = [Steadfast([port], f"chatter {number}") for number in range(CHATTERS)]
        for chatter in chatters:
            chatter.start()
        for _ in range(KILLS):
            wait_for_more(chatters, chance.randrange(1, 300))
            service.kill()
            service = stack.enter_context(Service(again))
        for chatter in chatters:
            chatter.finish()
        for chatter in chatters:
            chatter.wait()
        assert "Traceback" not in service.log()
        assert service.stop() == -15

    stored = rows(launch.folder / "mixsvc.sqlite3")
    check(stored, chatters)
    connections = sum(each.connections for each in chatters)
    acknowledged = sum(len(each.acknowledged) for each in chatters)
    figures(
        "kill -9 of the service", kills=KILLS, connections=connections, acknowledged=acknowledged, stored=len(stored)
    )


def check(stored: list[tuple[int, str]], chatters: Sequence[Steadfast]) -> None:
    assert [number for number, _ in stored] == list(range(1, len(stored) + 1))
    assert len({text for _, text in stored}) == len(stored)
    numbers = {text: number for number, text in stored}
    assert sum(chatter.connections for chatter in chatters) > KILLS
    for chatter in chatters:
        assert chatter.acknowledged
        # On a loaded machine a client may miss one run of the service, but not all.
        assert chatter.connections > 1
        assert chatter.refused == []
        assert chatter.gaps == []
        assert [numbers.get(key) for key, _ in chatter.acknowledged] == [number for _, number in chatter.acknowledged]
        # Those who left first did not see the last messages.
        assert chatter.seen == stored[: len(chatter.seen)]
