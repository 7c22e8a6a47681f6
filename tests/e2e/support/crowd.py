"""Load on the nodes of one chat, and the judgement of what became of it.

Talkers are on each node, by WebSocket and by polling; who loses a connection comes back to the next node.
"""

from collections.abc import Sequence
from typing import Final

from tests.e2e.support.links import OpenLink, polling, websocket
from tests.e2e.support.steadfast import Steadfast
from tests.e2e.support.waiting import wait_until
from tests.postgres import Postgres

__all__ = ["Crowd", "stored_messages"]

Stored = Sequence[tuple[int, str]]

LINKS: Final = (websocket, polling)


class Crowd:
    """Two talkers for each node in a room of their own; they talk until `judge`."""

    def __init__(self, ports: Sequence[int], room: str, links: Sequence[OpenLink] = LINKS) -> None:
        """links: how they connect."""
        self.room = room
        self._talkers = [
            [
                Steadfast([*ports[node:], *ports[:node]], f"{room}-{node}-{number}", room, link)
                for number, link in enumerate(links)
            ]
            for node in range(len(ports))
        ]
        self.everyone = [each for talkers in self._talkers for each in talkers]
        for each in self.everyone:
            each.start()
        self.wait_for_more(1)

    def of(self, node: int) -> Sequence[Steadfast]:
        """Those who have begun at a node."""
        return self._talkers[node]

    def wait_for_more(self, count: int, talkers: Sequence[Steadfast] = ()) -> None:
        """Wait until so many more messages of each of these (of everyone) are acknowledged."""
        due = {each: len(each.acknowledged) + count for each in talkers or self.everyone}

        def is_done() -> bool:
            assert all(each.is_alive() for each in due), "some have given up"
            return all(len(each.acknowledged) >= number for each, number in due.items())

        wait_until(is_done, "some make no progress")

    def end(self) -> None:
        """Let everyone finish, and wait for them."""
        for each in self.everyone:
            each.finish()
        for each in self.everyone:
            each.wait()

    def judge(self, stored: Stored) -> None:
        """Nothing acknowledged is lost, nothing is doubled, no number is missing, and all have seen the same.

        stored: the room's messages with their numbers, in order. Everyone has finished.
        """
        assert [number for number, _ in stored] == list(range(1, len(stored) + 1))
        numbers = {text: number for number, text in stored}
        assert len(numbers) == len(stored)
        for each in self.everyone:
            assert each.acknowledged
            assert each.refused == each.gaps == []
            assert [numbers.get(key) for key, _ in each.acknowledged] == [number for _, number in each.acknowledged]
            # Those who left first did not see the last messages.
            assert each.seen == stored[: len(each.seen)]

    def figures(self) -> dict[str, float]:
        """What to print of it."""
        return {
            "connections": sum(each.connections for each in self.everyone),
            "acknowledged": sum(len(each.acknowledged) for each in self.everyone),
            "put off": sum(each.put_off for each in self.everyone),
            "s waited at most": round(max(each.longest for each in self.everyone), 2),
        }


def stored_messages(server: Postgres, url: str, room: str) -> Stored:
    """What the database at a URL of this server has of a room."""
    statement = f"SELECT number, text FROM message WHERE room = '{room}' ORDER BY number"
    return server.execute(statement, url.partition("?")[0].rpartition("/")[2])
