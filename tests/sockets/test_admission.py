"""Who gets a thread for a socket, and when."""

from twisted.internet.task import Clock

from mixsvc.sockets.admission import AT_ONCE, DECISION_SECONDS, SocketAdmission


class Asking:
    """A handshake that notes what becomes of it."""

    def __init__(self) -> None:
        self.fate = ""

    def begin(self) -> None:
        self.fate = "runs"

    def refuse_full(self) -> None:
        self.fate = "refused"


def admission(most: int, count: int) -> tuple[Clock, SocketAdmission[Asking], list[Asking]]:
    """An admission with so many threads, and so many handshakes that have come."""
    clock = Clock()
    made = SocketAdmission[Asking](clock, lambda: most)
    asking = [Asking() for _ in range(count)]
    for each in asking:
        made.submit(each)
    return clock, made, asking


class Failing(Asking):
    """One whose view cannot run, as the system has no file for it: it is refused, and its thread is free at once."""

    def __init__(self, admission: SocketAdmission[Asking]) -> None:
        super().__init__()
        self._admission = admission

    def begin(self) -> None:
        self.refuse_full()
        self._admission.ended(self)


def fates(asking: list[Asking]) -> list[str]:
    return [each.fate for each in asking]


def test_a_few_are_undecided_at_one_time() -> None:
    _, made, asking = admission(100, AT_ONCE + 2)
    assert fates(asking) == ["runs"] * AT_ONCE + ["", ""]

    made.ended(asking[0])
    made.lasts(asking[1])
    assert fates(asking) == ["runs"] * (AT_ONCE + 2)


def test_while_views_are_undecided_others_wait_and_when_all_last_they_are_refused() -> None:
    _, made, asking = admission(2, 4)
    assert fates(asking) == ["runs", "runs", "", ""]

    made.lasts(asking[0])
    assert fates(asking) == ["runs", "runs", "", ""]
    made.lasts(asking[1])
    assert fates(asking) == ["runs", "runs", "refused", "refused"]


def test_a_thread_that_is_free_again_is_for_the_next() -> None:
    _, made, asking = admission(1, 2)
    made.ended(asking[0])
    assert fates(asking) == ["runs", "runs"]
    assert made.running == 1


def test_a_view_that_does_nothing_for_a_while_lasts() -> None:
    clock, _, asking = admission(1, 2)
    clock.advance(DECISION_SECONDS)
    assert fates(asking) == ["runs", "refused"]


def test_who_has_left_does_not_run() -> None:
    _, made, asking = admission(1, 2)
    made.withdraw(asking[1])
    made.ended(asking[0])
    assert fates(asking) == ["runs", ""]


def test_a_thousand_views_that_cannot_run_are_refused_one_after_the_other() -> None:
    _, made, asking = admission(200, AT_ONCE)
    failing: list[Asking] = [Failing(made) for _ in range(1000)]
    for each in failing:
        made.submit(each)

    made.ended(asking[0])

    assert fates(failing) == ["refused"] * 1000
    assert made.running == AT_ONCE - 1


def test_no_timer_is_left_behind() -> None:
    clock, made, asking = admission(3, 2)
    made.lasts(asking[0])
    made.ended(asking[0])
    made.ended(asking[1])
    assert not clock.getDelayedCalls()
    assert not made.running
