"""How many views with sockets there may be in children."""

from typing import Any

from tests.wsgi.supervision.fake_processes import FakeProcess, Family


class Offer:
    """A handshake; its view runs in the child that is free, and takes the socket at once."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.admission: Any = None
        self.process: FakeProcess | None = None
        self.refused = ""

    def begin(self) -> None:
        process: Any = self._family.views.sockets.freest()
        process.begin_socket(self)
        self.process = process
        self.admission.lasts(self)

    def end(self) -> None:
        """Its view returns."""
        assert self.process is not None
        self.process.socket_calls.remove(self)
        self.admission.ended(self)

    def refuse_full(self) -> None:
        self.refused = "threads"

    def refuse(self, reason: str) -> None:
        self.refused = reason


def offered(family: Family, count: int) -> list[Offer]:
    """So many handshakes come."""
    offers = [Offer(family) for _ in range(count)]
    for each in offers:
        submitted: Any = each
        family.views.sockets.submit(submitted)
    return offers


def replaced(family: Family) -> None:
    """There is new code; the old child does not end, as its views do not return."""
    family.made[0].is_deaf = True
    family.views.reload()
    family.starting()[0].get_ready()


def test_views_that_have_not_returned_in_a_child_that_is_replaced_take_no_thread_of_the_new_one() -> None:
    family = Family(processes=1, socket_threads=2).ready()
    offered(family, 2)
    replaced(family)

    come_back = offered(family, 3)

    assert [each.process for each in come_back] == [family.made[1], family.made[1], None]
    assert [each.refused for each in come_back] == ["", "", "threads"]


def test_a_view_that_returns_in_a_child_that_is_replaced_makes_no_room_in_the_new_one() -> None:
    family = Family(processes=1, socket_threads=1).ready()
    (old,) = offered(family, 1)
    replaced(family)
    offered(family, 1)

    old.end()

    assert offered(family, 1)[0].refused == "threads"


def test_while_no_child_is_ready_handshakes_wait() -> None:
    family = Family(processes=1, socket_threads=1).ready()
    offered(family, 1)
    family.made[0].is_ready = False

    (waiting,) = offered(family, 1)
    assert (waiting.process, waiting.refused) == (None, "")
