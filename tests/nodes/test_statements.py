"""What the engine does for nodes, on a real PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import count
from threading import Thread
from time import time

import pytest

from mixsvc.nodes import statements
from mixsvc.nodes.elsewhere import NodeRows
from mixsvc.nodes.interfaces import Claimant, Holder
from mixsvc.nodes.own_rows import Batch, Change
from mixsvc.nodes.pulse import Marks
from mixsvc.nodes.statements import Release, Watched
from mixsvc.storage.postgres.connection import PostgresCursor, connect
from tests.nodes.engine import make_tables

ANN = Change("lobby", "ann", "Ann")
BOB = Change("lobby", "bob", "Bob")

# Of statements with claims.
NUMBERS = count(1)


def claimant(name: str, person: str) -> Claimant:
    return Claimant(name.lower(), name, person, "192.0.2.1", False)


def claim(cursor: PostgresCursor, node: int, asked: Sequence[Claimant | Release]) -> Sequence[str | None] | None:
    return statements.claim(cursor, node, next(NUMBERS), asked)


@pytest.fixture
def engine(database_url: str) -> Iterator[tuple[PostgresCursor, PostgresCursor]]:
    """Two connections to a database with tables."""
    make_tables(database_url)
    with ExitStack() as opened:
        first, second = (opened.enter_context(closing(connect(database_url))) for _ in range(2))
        yield first.cursor(), second.cursor()


@pytest.fixture
def cursor(engine: tuple[PostgresCursor, PostgresCursor]) -> PostgresCursor:
    return engine[0]


def test_a_heartbeat_tells_what_hints_may_have_missed(cursor: PostgresCursor) -> None:
    a, b = statements.begin(cursor, "a"), statements.begin(cursor, "b")
    cursor.execute("INSERT INTO room (name, last) VALUES ('lobby', 7), ('attic', 8)")
    event = statements.post(cursor, "kick", "lobby", {"name": "Ann"})
    statements.move(cursor, b, Batch(1, 0, [ANN], is_whole=False))

    cursor.execute("INSERT INTO topic (name, began, last, at) VALUES ('a', 0, 9, now()), ('b', 0, 3, now())")

    beat = statements.beat(cursor, a, Watched(["lobby", "nowhere"], ["a", "nothing"]), None)

    assert beat is not None
    assert (beat.leads, beat.event, beat.written, beat.lasts) == (True, event, {a: 0, b: 1}, {"lobby": 7})
    assert beat.topics == {"a": 9}
    assert abs(beat.now - time()) < 60
    assert statements.beat(cursor, a + b, Watched([], ()), None) is None


def marks_of(cursor: PostgresCursor, node: int) -> Marks:
    beat = statements.beat(cursor, node, Watched([], ()), None)
    assert beat is not None
    return beat.marks


def test_only_a_heartbeat_changes_the_mark_of_a_node(cursor: PostgresCursor) -> None:
    a, b = statements.begin(cursor, "a"), statements.begin(cursor, "b")
    first, second = marks_of(cursor, a), marks_of(cursor, a)
    statements.leave(cursor, b)
    third = marks_of(cursor, a)

    assert len({each.nodes[a] for each in (first, second, third)}) == 3
    assert len({each.leader for each in (first, second, third)}) == 3
    assert {each.nodes[b] for each in (first, second, third)} == {first.nodes[b]}
    assert ([*second.leaving], [*third.leaving]) == ([], [b])


def test_one_node_leads_until_its_time_is_over_or_it_leaves(cursor: PostgresCursor) -> None:
    a, b, c = (statements.begin(cursor, name) for name in "abc")

    def leads(node: int, over: str | None = None) -> bool:
        beat = statements.beat(cursor, node, Watched([], ()), over)
        return beat is not None and beat.leads

    assert [leads(a), leads(b), leads(a)] == [True, False, True]
    over = marks_of(cursor, b).leader
    assert [leads(a), leads(b, over)] == [True, False]
    over = marks_of(cursor, b).leader
    # Of those who think so at once one leads.
    assert [leads(b, over), leads(c, over), leads(a)] == [True, False, False]
    statements.leave(cursor, b)
    assert leads(c)


def test_a_batch_is_written_once_however_often_it_comes(cursor: PostgresCursor) -> None:
    node = statements.begin(cursor, "a")
    first = Batch(1, 0, [ANN, BOB], is_whole=False)
    second = Batch(2, 0, [Change("lobby", "ann", None)], is_whole=False)

    written = [statements.move(cursor, node, each) for each in (first, first, second, first, second)]

    assert written == [1, 1, 2, 2, 2]
    assert statements.rows(cursor, node) == NodeRows(node, 2, 0, [("lobby", "bob", "Bob")])


def test_a_batch_is_refused_if_the_one_before_it_is_missing_and_all_rows_replace_what_is_there(
    cursor: PostgresCursor,
) -> None:
    node = statements.begin(cursor, "a")
    statements.move(cursor, node, Batch(1, 0, [ANN], is_whole=False))

    assert statements.move(cursor, node, Batch(3, 0, [BOB], is_whole=False)) == 1
    assert statements.move(cursor, node, Batch(4, 0, [BOB], is_whole=True)) == 4
    assert statements.rows(cursor, node) == NodeRows(node, 4, 0, [("lobby", "bob", "Bob")])
    assert statements.move(cursor, node, Batch(6, 0, [], is_whole=True)) == 6
    assert statements.rows(cursor, node) == NodeRows(node, 6, 0, [])


def test_who_comes_again_under_another_spelling_has_one_row(cursor: PostgresCursor) -> None:
    node = statements.begin(cursor, "a")
    statements.move(cursor, node, Batch(1, 0, [ANN], is_whole=False))

    statements.move(cursor, node, Batch(2, 0, [Change("lobby", "ann", "ANN")], is_whole=False))

    assert statements.rows(cursor, node) == NodeRows(node, 2, 0, [("lobby", "ann", "ANN")])


def test_the_addresses_that_others_have_on_other_nodes_are_known(cursor: PostgresCursor) -> None:
    a, b = (statements.begin(cursor, name) for name in "ab")
    claim(cursor, a, [claimant("Ann", "token:1")])
    claim(cursor, b, [claimant("Bob", "token:2")])
    asked = ["192.0.2.1", "192.0.2.2"]

    assert statements.shared(cursor, a, asked, "token:1") == ["192.0.2.1"]
    assert statements.shared(cursor, b, asked, "token:1") == []
    assert statements.shared(cursor, a, asked, "token:2") == []


def test_a_node_that_is_not_seen_or_has_left_goes_with_all_that_it_has(cursor: PostgresCursor) -> None:
    a, b, c = (statements.begin(cursor, name) for name in "abc")
    for node in (b, c):
        statements.move(cursor, node, Batch(1, 0, [ANN], is_whole=False))
        claim(cursor, node, [claimant("Ann", "token:1")])

    marks = marks_of(cursor, a).nodes
    assert statements.clean(cursor, a, {}, None) == []
    assert statements.clean(cursor, a, {a: marks[a], b: marks[b]}, None) == [b]
    assert statements.holder(cursor, a, "ann") == Holder("Ann", "token:1", ["192.0.2.1"], False)
    assert statements.clean(cursor, a, {c: marks[c]}, None) == [c]

    assert statements.holder(cursor, a, "ann") == Holder("Ann", "token:1", ["192.0.2.1"], False)
    assert statements.rows(cursor, c) is None
    assert statements.move(cursor, c, Batch(2, 0, [BOB], is_whole=False)) is None
    assert claim(cursor, c, [claimant("Bob", "token:2")]) is None


def test_what_is_old_is_forgotten(cursor: PostgresCursor) -> None:
    node = statements.begin(cursor, "a")
    claim(cursor, node, [claimant("Ann", "token:1"), claimant("Bob", "token:2"), Release("ann")])
    statements.post(cursor, "kick", "lobby", {})

    statements.clean(cursor, node, {}, 600.0)
    assert statements.holder(cursor, node + 1, "ann") is not None
    statements.clean(cursor, node, {}, 0.0)

    assert statements.holder(cursor, node + 1, "ann") is None
    assert statements.holder(cursor, node + 1, "bob") is not None
    assert cursor.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_of_those_who_ask_together_for_a_name_one_gets_it(cursor: PostgresCursor) -> None:
    node = statements.begin(cursor, "a")
    asked = [
        claimant("Bob", "token:1"),
        claimant("ANN", "token:1"),
        claimant("Ann", "token:2"),
        claimant("Ann", "token:1"),
    ]

    assert claim(cursor, node, asked) == ["Bob", "ANN", None, "ANN"]
    assert claim(cursor, node, [Release("ann"), claimant("Ann", "token:2")]) == [None, "Ann"]


def test_claims_that_come_after_those_that_were_made_since_do_nothing(
    engine: tuple[PostgresCursor, PostgresCursor],
) -> None:
    old, new = engine
    node = statements.begin(new, "a")
    ann, bob = claimant("Ann", "token:1"), claimant("Bob", "token:2")
    statements.claim(new, node, 1, [bob])

    # What was asked first is on its way for longer: the node has given up its connection meanwhile.
    statements.claim(new, node, 3, [Release("ann"), bob])
    assert statements.claim(old, node, 2, [ann, Release("bob")]) is None

    assert statements.taken(new, ["ann", "bob"], "") == ["bob"]


def test_a_leader_that_is_heard_late_gives_up_no_node_that_lived_when_it_asked(cursor: PostgresCursor) -> None:
    a, b, c = (statements.begin(cursor, name) for name in "abc")
    asked = {node: mark for node, mark in marks_of(cursor, a).nodes.items() if node != a}
    # All have stood still, and b goes on before the leader is heard.
    statements.beat(cursor, b, Watched([], ()), None)

    assert statements.clean(cursor, a, asked, None) == [c]

    assert statements.beat(cursor, b, Watched([], ()), None) is not None


def test_what_is_dated_in_the_future_is_forgotten_with_what_is_old(cursor: PostgresCursor) -> None:
    node = statements.begin(cursor, "a")
    claim(cursor, node, [claimant("Ann", "token:1"), Release("ann")])
    statements.post(cursor, "kick", "lobby", {})
    cursor.execute("UPDATE claim SET left_at = left_at + interval '400 days'")
    cursor.execute("UPDATE event SET at = at + interval '400 days'")

    statements.clean(cursor, node, {}, 600.0)

    assert statements.holder(cursor, node + 1, "ann") is None
    assert cursor.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_nodes_that_ask_for_the_same_names_in_another_order_do_not_wait_for_each_other(
    engine: tuple[PostgresCursor, PostgresCursor],
) -> None:
    names = [f"Name{number}" for number in range(30)]
    answers: list[Sequence[str | None] | None] = []

    def ask(cursor: PostgresCursor, node: int, asked: Sequence[str]) -> None:
        for _ in range(20):
            answers.append(claim(cursor, node, [claimant(name, "token:1") for name in asked]))
            answers.append(claim(cursor, node, [Release(name.lower()) for name in asked]))

    nodes = [statements.begin(each, "node") for each in engine]
    orders = names, names[::-1]
    threads = [Thread(target=ask, args=given) for given in zip(engine, nodes, orders, strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert len(answers) == 80 and all(answer is not None for answer in answers)
