"""A chat on a primary with a synchronous standby: the primary dies, or the standby is away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from time import monotonic
from typing import NamedTuple

import pytest

from tests.builds import PROJECT
from tests.e2e.support.crowd import Crowd, stored_messages
from tests.e2e.support.nodes import Nodes, node_settings
from tests.e2e.support.service import Config, Launch
from tests.postgres import Postgres
from tests.trials import figures

SESSIONS = "SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'"


class Pair(NamedTuple):
    primary: Postgres
    standby: Postgres
    url: str


@pytest.fixture
def servers() -> Iterator[Pair]:
    with Postgres(settings={}) as primary, Postgres({}, primary) as standby:
        database = primary.new_database()
        one = primary.url(database)
        both = one.replace(f":{primary.port}/", f":{primary.port},127.0.0.1:{standby.port}/")
        yield Pair(primary, standby, f"{both}?target_session_attrs=read-write")


@pytest.mark.trial
def test_nobody_loses_anything_while_the_standby_is_away_and_when_it_takes_over(
    programs: Path, config: Config, tmp_path: Path, servers: Pair
) -> None:
    launch = Launch(programs, tmp_path / "a", config, environ={"PYTHONPATH": str(PROJECT)})
    first = node_settings(launch, servers.url)
    with Nodes([first, replace(first, folder=tmp_path / "b")]) as nodes:
        crowd = Crowd(nodes.ports, "fail-over")
        crowd.wait_for_more(20)
        sessions = servers.primary.execute(SESSIONS)[0][0]
        # From now on every COMMIT waits; what is not acknowledged is not shown.
        servers.standby.stop()
        nodes.wait_until_all_say("The database")
        left_behind = servers.primary.execute(SESSIONS)[0][0] - sessions
        servers.standby.start()
        crowd.wait_for_more(20)

        servers.primary.stop(SIGKILL)
        died = monotonic()
        servers.standby.promote()
        crowd.wait_for_more(5)
        back = monotonic() - died
        crowd.end()

        crowd.judge(stored_messages(servers.standby, servers.url, crowd.room))
        nodes.wait_until_all_are_ready()
    measured = {"s until all went on": round(back, 2), "sessions left behind": left_behind}
    figures("fail-over to a synchronous standby", **measured, **crowd.figures())
