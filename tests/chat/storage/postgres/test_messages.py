"""Messages in PostgreSQL, where several processes store at one time."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from select import select
from threading import Barrier
from time import monotonic, time
from typing import Any

from psycopg import ClientCursor

from mixsvc.chat.model.acts import Deletion, Lift, Oblivion, Removal
from mixsvc.chat.model.sanctions import MUTE, Sanction
from mixsvc.chat.storage.postgres.store import STORE
from mixsvc.chat.storage.records import AuditEntry, Draft, PageQuery, StorageLimits
from tests.chat.fakes import NOW
from tests.stores import OnPostgres, PostgresTables

PLENTY = StorageLimits(100_000, 1_000_000)
ENTRY = AuditEntry(0, NOW, "Mia", "delete", "lobby", "1", "")

# So many processes, and so many batches of each.
NODES = 4
BATCHES = 25


def drafts(*texts: str, room: str = "lobby", key: str | None = None) -> list[Draft]:
    return [Draft(room, "Ann", text, NOW, key) for text in texts]


class PostgresCase(OnPostgres):
    tables: PostgresTables

    def on_nodes(self, work: Callable[[Any, int], list[Any]]) -> list[Any]:
        """Do work(cursor, node) on connections of their own at one time; returns what all of them return."""
        start = Barrier(NODES)

        def run(node: int) -> list[Any]:
            with self.tables.server.connect(self.tables.name) as connection, connection.cursor() as cursor:
                start.wait(30)
                return work(cursor, node)

        with ThreadPoolExecutor(NODES) as pool:
            return [each for found in pool.map(run, range(NODES), timeout=60) for each in found]


class ClockTests(PostgresCase):
    __test__ = True

    def test_a_message_is_said_when_the_clock_of_the_database_says(self) -> None:
        before = time()

        (stored,) = self.run_in(STORE.messages.insert, drafts("hi"), PLENTY)

        self.assertTrue(before - 1 <= stored.message.said_at <= time() + 1)
        (page,) = self.run_in(STORE.messages.read, [PageQuery("lobby", 0, 10)], PLENTY)
        self.assertEqual((stored.message,), page.messages)


class Asked(Exception):
    """What a cursor is asked."""


class Asking:
    """Takes the place of a cursor, and raises what it is asked."""

    def execute(self, query: str, values: object) -> None:
        raise Asked(query, values)


class StoppedNodeTests(PostgresCase):
    __test__ = True

    def test_a_node_that_stops_before_it_reads_the_answer_keeps_no_room_from_the_others(self) -> None:
        long = [Draft("lobby", "Ann", "x" * 2000, NOW, f"{each}") for each in range(1000)]
        with self.assertRaises(Asked) as asked:
            STORE.messages.insert(Asking(), long, PLENTY)

        server, name, end, last = self.tables.server, self.tables.name, monotonic() + 30, None
        with closing(server.connect(name)) as stopped, closing(server.connect(name)) as other:
            stopped.pgconn.send_query(ClientCursor(stopped).mogrify(*asked.exception.args).encode())
            while stopped.pgconn.flush() and monotonic() < end:
                select([], [stopped], [], 1)
            while last is None and monotonic() < end:
                last = other.execute("SELECT last FROM room, pg_sleep(0.02)").fetchone()

        self.assertEqual((1000,), last)


class LargeBatchTests(PostgresCase):
    __test__ = True

    def test_the_largest_batch_is_stored_in_a_part_of_the_time_that_a_statement_may_take(self) -> None:
        # Work that grows with the square of its size takes longer.
        self.tables.execute("SET statement_timeout = 3000")
        self.addCleanup(self.tables.execute, "RESET statement_timeout")

        for batch in range(4):
            new = [Draft(f"room{each % 10}", "Ann", "x", NOW, f"{batch} {each}") for each in range(1000)]
            stored = self.run_in(STORE.messages.insert, new, StorageLimits(100, 1000))

        self.assertEqual(400, max(each.message.number for each in stored))


class ManyNodesTests(PostgresCase):
    __test__ = True

    def test_numbers_have_no_gaps_and_no_lock_waits_for_another_for_ever(self) -> None:
        def work(cursor: Any, node: int) -> list[tuple[str, int]]:
            # Each node names the rooms in another order, and begins with rooms that are new.
            rooms = [f"room{(node * step) % 3}" for step in range(1, 5)]
            batch = [Draft(room, "Ann", "x", NOW, None) for room in rooms]
            stored = [each for _ in range(BATCHES) for each in STORE.messages.insert(cursor, batch, PLENTY)]
            return [(rooms[place % 4], each.message.number) for place, each in enumerate(stored)]

        given = self.on_nodes(work)

        expected = {room: len([each for each, _ in given if each == room]) for room, _ in given}
        for room, size in expected.items():
            self.assertEqual(list(range(1, size + 1)), sorted(number for each, number in given if each == room))
        self.assertEqual(expected, self.run_in(STORE.messages.last_numbers))

    def test_one_key_that_all_nodes_store_is_one_message(self) -> None:
        def work(cursor: Any, node: int) -> list[tuple[int, int, bool]]:
            stored = [
                (key, STORE.messages.insert(cursor, drafts("x", key=f"k{key}"), PLENTY)[0]) for key in range(BATCHES)
            ]
            return [(key, each.message.number, each.is_repeated) for key, each in stored]

        given = self.on_nodes(work)

        self.assertEqual(BATCHES, len({(key, number) for key, number, _ in given}))
        self.assertEqual(BATCHES, len([1 for _, _, is_repeated in given if not is_repeated]))

    def test_a_room_that_is_forgotten_while_others_write_never_uses_a_number_again(self) -> None:
        def work(cursor: Any, node: int) -> list[int]:
            numbers = []
            for _ in range(BATCHES):
                if node == 0:
                    cursor.execute("DELETE FROM message")
                    STORE.messages.forget(cursor, Oblivion("lobby"))
                else:
                    numbers += [each.message.number for each in STORE.messages.insert(cursor, drafts("x"), PLENTY)]
            return numbers

        given = self.on_nodes(work)

        self.assertEqual(len(set(given)), len(given))


class JournalTests(PostgresCase):
    __test__ = True

    def events(self) -> list[tuple[int, str, str, dict[str, Any]]]:
        return [
            (number, kind, room, body if isinstance(body, dict) else json.loads(body))
            for number, kind, room, body in self.tables.execute(
                "SELECT number, kind, room, body FROM event ORDER BY number"
            )
        ]

    def test_each_act_is_an_event_with_what_the_nodes_need(self) -> None:
        sanction = Sanction(0, MUTE, "Ann", "ann", "", "2001:db8::1", "Mia", "", NOW)
        self.run_in(STORE.messages.insert, [Draft("lobby", "Ann", "May", NOW, None, "topic")], PLENTY)

        imposed = self.run_in(STORE.sanctions.impose, sanction, ENTRY, None)
        lifted = self.run_in(STORE.sanctions.lift, Lift(MUTE, "Ann", "", "Mia"), ENTRY, NOW)
        kicked = self.run_in(STORE.sanctions.record, Removal("lobby", "Ann", "p", "Mia", ""), ENTRY)
        deleted = self.run_in(STORE.sanctions.delete_message, Deletion("lobby", 1, "Mia", "x"), ENTRY)

        assert deleted is not None
        self.assertEqual([1, 2, 3, 4], [each.event for each in (imposed, lifted, kicked, deleted)])
        bodies = {kind: (room, body) for _, kind, room, body in self.events()}
        self.assertEqual(["mute", "unmute", "kick", "delete"], list(bodies))
        self.assertEqual(
            (imposed.act.id, "2001:db8::/64"), tuple(bodies["mute"][1][name] for name in ("id", "address"))
        )
        self.assertEqual(("lobby", {"room": "lobby", "number": 1, "by": "Mia", "topic": ""}), bodies["delete"])

    def test_what_changes_nothing_is_no_event(self) -> None:
        self.assertIsNone(self.run_in(STORE.sanctions.delete_message, Deletion("lobby", 1, "Mia", ""), ENTRY))

        self.assertEqual([], self.events())

    def test_whoever_sees_an_event_sees_all_before_it(self) -> None:
        def work(cursor: Any, node: int) -> list[list[int]]:
            seen = []
            for _ in range(BATCHES):
                STORE.sanctions.record(cursor, Removal("lobby", "Ann", "", "Mia", ""), ENTRY)
                seen.append([number for (number,) in cursor.execute("SELECT number FROM event ORDER BY number")])
            return seen

        for seen in self.on_nodes(work):
            self.assertEqual(list(range(1, len(seen) + 1)), seen)
