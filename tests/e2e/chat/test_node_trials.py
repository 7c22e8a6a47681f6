"""Nodes and their PostgreSQL are killed, frozen and cut off under load: nothing acknowledged is lost or doubled."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic
from typing import Final

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.crowd import Crowd, stored_messages
from tests.e2e.support.nodes import DEAD_AFTER, Nodes, node_settings
from tests.e2e.support.relay import Relay
from tests.e2e.support.service import Config, Launch
from tests.e2e.support.waiting import wait_until
from tests.postgres import Postgres
from tests.trials import figures, is_long, rounds

# Few rounds in `make test`; `make faults` does those of the service's promise, whatever number it is given for others.
KILLS: Final = 25 if is_long() else 3
RESTARTS: Final = 10 if is_long() else 1
LOST_ANSWERS: Final = rounds(5)

# For how long the server is stopped, and a node, in seconds.
OUTAGE: Final = 60.0 if is_long() else 3.0
FREEZE: Final = 30.0 if is_long() else 1.5 * DEAD_AFTER

# A server that is silent counts as away after this time.
SILENCE: Final = 10.0


@pytest.fixture(scope="module")
def url(server: Postgres) -> str:
    """The database of all trials."""
    return server.url(server.new_database())


@pytest.fixture(scope="module")
def relay(server: Postgres) -> Iterator[Relay]:
    """Between the first node and the server."""
    with Relay(server.port) as running:
        yield running


@pytest.fixture(scope="module")
def nodes(
    programs: Path, config: Config, tmp_path_factory: pytest.TempPathFactory, server: Postgres, url: str, relay: Relay
) -> Iterator[Nodes]:
    """Two, shared by the trials; each leaves them running."""
    launch = Launch(programs, tmp_path_factory.mktemp("a"), config, environ={"PYTHONPATH": str(PROJECT)})
    relayed = server.url(url.rpartition("/")[2], port=relay.port)
    first = node_settings(launch, relayed)
    second = node_settings(replace(launch, folder=tmp_path_factory.mktemp("b")), url)
    with Nodes([first, second]) as running:
        yield running


def pause(seconds: float) -> None:
    """What is measured is what happens meanwhile."""
    Event().wait(seconds)


@pytest.mark.trial
def test_nodes_that_are_killed_in_mid_commit_lose_and_double_nothing(nodes: Nodes, server: Postgres, url: str) -> None:
    chance = Random(20261129)
    crowd = Crowd(nodes.ports, "kills")
    slowest = 0.0
    for kill in range(KILLS):
        victim, other = (kill % 2, 1 - kill % 2)
        crowd.wait_for_more(chance.randrange(1, 30))
        nodes.kill(victim)
        began = monotonic()
        # Those on the other node do not wait for what the dead one has begun.
        crowd.wait_for_more(5)
        slowest = max(slowest, monotonic() - began)
        nodes.start_again(victim)
        assert nodes.services[victim].port
        assert "Traceback" not in nodes.services[other].log()
    crowd.end()

    crowd.judge(stored_messages(server, url, crowd.room))
    nodes.wait_until_all_are_ready()
    figures("kill -9 of a node", kills=KILLS, **crowd.figures(), **{"s until all went on": round(slowest, 2)})


@pytest.mark.trial
def test_a_server_that_crashes_loses_and_doubles_nothing(nodes: Nodes, server: Postgres, url: str) -> None:
    crowd = Crowd(nodes.ports, "restarts")
    slowest = 0.0
    for _ in range(RESTARTS):
        crowd.wait_for_more(20)
        server.crash()
        began = monotonic()
        crowd.wait_for_more(1)
        slowest = max(slowest, monotonic() - began)
    crowd.wait_for_more(20)
    crowd.end()

    crowd.judge(stored_messages(server, url, crowd.room))
    nodes.wait_until_all_are_ready()
    measured = {"s until all went on once it answered": round(slowest, 2)}
    figures("immediate restart of PostgreSQL", restarts=RESTARTS, **crowd.figures(), **measured)


@pytest.mark.trial
def test_while_the_server_is_stopped_nobody_waits_and_then_all_go_on(nodes: Nodes, server: Postgres, url: str) -> None:
    with Chatter(nodes.ports[0], "Ann") as ann, ExitStack() as stack:
        ann.say("before")
        crowd = Crowd(nodes.ports, "outage")
        server.stop()
        stack.callback(crowd.end)
        stack.callback(server.start)
        stopped = monotonic()
        while monotonic() < stopped + OUTAGE:
            ann.ask(type="say", room="lobby", text="meanwhile", key="k-meanwhile")
            assert ann.wait_for("error")["code"] == "not_saved"
            for question, answer in (({"type": "who", "room": "lobby"}, "who"), ({"type": "rooms"}, "rooms")):
                ann.ask(**question)
                assert ann.wait_for(answer)
            nodes.wait_until_all_say("PostgreSQL")
            pause(OUTAGE / 20)
        stack.close()
        number = ann.say("meanwhile", key="k-meanwhile")

    crowd.judge(stored_messages(server, url, crowd.room))
    assert dict(stored_messages(server, url, "lobby"))[number] == "meanwhile"
    nodes.wait_until_all_are_ready()
    figures("PostgreSQL stopped", seconds=OUTAGE, **crowd.figures())


@pytest.mark.trial
def test_a_silent_connection_is_noticed_and_disturbs_no_other_node(
    nodes: Nodes, server: Postgres, url: str, relay: Relay
) -> None:
    with Chatter(nodes.ports[0], "Ann") as ann:
        ann.say("before")
        crowd = Crowd(nodes.ports, "silence")
        relay.be_silent()
        began = monotonic()
        try:
            ann.ask(type="say", room="lobby", text="meanwhile", key="k-silence")
            crowd.wait_for_more(20, crowd.of(1))
            told = json.loads(ann.socket.recv(timeout=SILENCE))
            while told["type"] not in ("said", "error"):
                told = json.loads(ann.socket.recv(timeout=SILENCE - (monotonic() - began)))
            assert told["code"] == "not_saved"
            noticed = monotonic() - began
        finally:
            relay.speak()
        crowd.wait_for_more(5)
        crowd.end()

    crowd.judge(stored_messages(server, url, crowd.room))
    nodes.wait_until_all_are_ready()
    figures("a silent connection", **{"s until noticed": round(noticed, 2)}, **crowd.figures())


@pytest.mark.trial
def test_answers_that_are_lost_double_nothing(nodes: Nodes, server: Postgres, url: str, relay: Relay) -> None:
    crowd = Crowd(nodes.ports, "answers")
    before = relay.lost
    for _ in range(LOST_ANSWERS):
        crowd.wait_for_more(5)
        relay.lose_answers()
    crowd.wait_for_more(5)
    crowd.end()

    crowd.judge(stored_messages(server, url, crowd.room))
    assert relay.lost - before >= LOST_ANSWERS
    nodes.wait_until_all_are_ready()
    figures("answers of PostgreSQL lost", answers=relay.lost - before, **crowd.figures())


@pytest.mark.trial
def test_a_frozen_node_holds_nothing_up_and_does_not_speak_of_what_it_missed(
    nodes: Nodes, server: Postgres, url: str
) -> None:
    with Chatter(nodes.ports[1], "Bob") as bob, ExitStack() as stack:
        ann = stack.enter_context(Chatter(nodes.ports[0], "Ann"))
        assert bob.wait_for("came")["name"] == "Ann"
        crowd = Crowd(nodes.ports, "freeze")
        nodes.freeze(0)
        frozen = monotonic()
        try:
            ann.ask(type="say", room="lobby", text="from the past", key="k-past")
            ann.ask(type="who", room="lobby")
            # Nobody waits for the rows that the frozen node may have locked.
            crowd.wait_for_more(20, crowd.of(1))
            assert bob.wait_for("went")["name"] == "Ann"
            gone = monotonic() - frozen
            wait_until(lambda: monotonic() > frozen + FREEZE, "time stands still")
            crowd.wait_for_more(20, crowd.of(1))
        finally:
            nodes.go_on(0)
        told = []
        with closing(ann.socket):
            for text in ann.socket:
                told.append(json.loads(text))
        crowd.wait_for_more(5)
        crowd.end()

    assert {each["code"] for each in told if each["type"] == "error"} <= {"busy", "not_saved"}
    assert not [each for each in told if each["type"] in ("said", "who", "message")]
    assert ann.socket.close_code == 1001
    assert "from the past" not in dict(stored_messages(server, url, "lobby")).values()
    crowd.judge(stored_messages(server, url, crowd.room))
    nodes.wait_until_all_are_ready()
    figures("a frozen node", seconds=FREEZE, **{"s until given up": round(gone, 2)}, **crowd.figures())
