"""Views in processes of their own: a child that dies, hangs or grows, new code, and the ends of the service."""

import itertools
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.nobody import NOBODY, AsNobody
from tests.e2e.support.operators import OPERATORS, admin_url, metric
from tests.e2e.support.service import DEADLINE, SLACK, Config, Launch, Service, refused
from tests.e2e.support.urls import get_json, get_text, status_of
from tests.e2e.support.waiting import wait_until

# SIGTERM as subprocess reports it.
TERMINATED = -15

CODE = (PROJECT / "tests" / "e2e" / "apps" / "child_app.py").read_text()
READY = r"child \d+ is ready, pid (\d+)"


def launch_with_views(installed: Path, folder: Path, config: Config) -> Launch:
    """Two children that run views of a user, with two threads each."""
    (folder / "code").mkdir()
    (folder / "code" / "child_app.py").write_text(CODE)
    # Two versions of one length, written within a second, would have one compiled file.
    environ = {"PYTHONPATH": str(folder / "code"), "PYTHONDONTWRITEBYTECODE": "1"}
    web = {"wsgi": "child_app:app", "processes": "2", "threads": "2", "view_timeout": "3"}
    launch = Launch(installed, folder / "service", config, environ=environ)
    return launch.having(web=web, server={**OPERATORS, "shutdown_timeout": "2"})


@pytest.fixture
def views(installed: Path, config: Config, tmp_path: Path) -> Launch:
    """For a test that needs a service of its own."""
    return launch_with_views(installed, tmp_path, config)


@pytest.fixture(scope="module")
def shared(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for tests that leave it as it was: two children are ready."""
    with Service(launch_with_views(installed, tmp_path_factory.mktemp("shared"), config)) as service:
        service.lines.wait_for_count(READY, 2)
        yield service


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


class Load:
    """Asks for a page again and again on kept connections, and counts the answers by status and text.

    Each request says its number in a header; refused: the numbers of those that were answered with another status than
    200.
    """

    def __init__(self, threads: ThreadPoolExecutor, port: int, path: str, clients: int) -> None:
        self.answers: Counter[tuple[int, str]] = Counter()
        self.refused: set[str] = set()
        self._numbers = itertools.count()
        self._port, self._path = port, path
        self._is_over = Event()
        self._running = [threads.submit(self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE)) as connection:
            while not self._is_over.is_set():
                number = str(next(self._numbers))
                connection.request("GET", self._path, headers={"Number": number})
                answer = connection.getresponse()
                if answer.status != 200:
                    self.refused.add(number)
                self.answers[answer.status, answer.read().decode()] += 1

    def seen(self, count: int) -> None:
        """Wait until so many answers more have come."""
        before = self.answers.total()
        wait_until(lambda: self.answers.total() >= before + count, f"{count} answers did not come")

    def statuses(self) -> Counter[int]:
        """End; how many answers had each status. A connection that ended without an answer is an error."""
        self._is_over.set()
        for each in self._running:
            each.result(DEADLINE)
        found: Counter[int] = Counter()
        for (status, _), count in self.answers.items():
            found[status] += count
        return found


def children(service: Service) -> list[int]:
    """The processes of the service that exist, by the log."""
    told = [int(line.rpartition(" ")[2]) for line in service.lines.so_far() if " is ready, pid " in line]
    return [each for each in told if is_alive(each)]


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        # The second where it ends between the opening and the reading.
        return False


def started(start: Callable[[Launch], Service], launch: Launch) -> Service:
    """A service whose children are ready."""
    service = start(launch)
    service.lines.wait_for_count(READY, int(launch.config["web"]["processes"]))
    return service


def test_a_child_that_is_killed_under_load_costs_its_own_requests_and_is_replaced(
    shared: Service, threads: ThreadPoolExecutor, tmp_path: Path
) -> None:
    service = shared
    noted = tmp_path / "noted"
    with Chatter(service.port, "Ann") as ann:
        load = Load(threads, service.port, f"/noted?{noted}", 8)
        load.seen(20)
        victim, other = children(service)
        ready_before = len(service.lines.so_far())

        os.kill(victim, signal.SIGKILL)

        service.wait_for(READY, after=ready_before)
        load.seen(20)
        found = load.statuses()
        assert set(found) <= {200, 502}
        ran = dict(line.split() for line in noted.read_text().splitlines())
        # Nothing has run twice, and nothing is refused but what a view of the child that was killed had begun, which it
        # may not have noted yet.
        assert len(ran) == len(noted.read_text().splitlines())
        assert {str(number) for number in range(found.total())} - ran.keys() <= load.refused
        assert {ran.get(number, str(victim)) for number in load.refused} <= {str(victim)}
        assert found[502] <= 8
        assert is_alive(other)
        assert ann.say("hello") == 1
    service.wait_for(rf"child \d, pid {victim}, ended by signal SIGKILL after \d+ requests; the next one starts ")
    assert metric(admin_url(service), 'mixsvc_child_restarts_total{reason="died"}') == 1
    assert "Traceback" not in service.log()


def test_what_waits_behind_a_view_that_lasts_goes_to_another_child(
    start: Callable[[Launch], Service], views: Launch, threads: ThreadPoolExecutor, tmp_path: Path
) -> None:
    service = started(start, views.having(web={"threads": "1", "view_timeout": "0"}))
    begun = tmp_path / "begun"
    load = Load(threads, service.port, "/pid", 16)
    load.seen(500)

    lasting = threads.submit(status_of, f"{service.url}/last?{begun}")
    wait_until(begun.exists, "no view lasts")

    assert set(load.statuses()) == {200}
    assert not lasting.done()
    for child in children(service):
        os.kill(child, signal.SIGKILL)
    assert lasting.result(DEADLINE) == 502


def test_a_child_that_hangs_with_the_interpreters_lock_is_killed_and_nobody_else_notices(
    shared: Service, threads: ThreadPoolExecutor
) -> None:
    service = shared
    ready_before = len(service.lines.so_far())
    with Chatter(service.port, "Bob") as bob:
        hanging = threads.submit(status_of, f"{service.url}/hang")
        service_url = admin_url(service)
        wait_until(lambda: metric(service_url, "mixsvc_views_running") == 1, "nothing hangs")

        number = bob.say("hello")
        assert get_text(f"{service.url}/pid").endswith(" 1")
        assert hanging.result(DEADLINE) == 504

        service.wait_for(
            r"child \d, pid \d+, is killed after \d+ requests, as GET /hang took longer than .*view_timeout"
        )
        service.wait_for(READY, after=ready_before)
        assert bob.say("again") == number + 1


def test_what_waits_in_a_child_that_hangs_goes_to_another_one(shared: Service, threads: ThreadPoolExecutor) -> None:
    load = Load(threads, shared.port, "/pid", 16)
    load.seen(500)

    assert threads.submit(status_of, f"{shared.url}/hang").result(DEADLINE) == 504

    load.seen(20)
    found = load.statuses()
    # At most what was in its other thread.
    assert set(found) <= {200, 504} and found[504] <= 1, found


def test_a_child_that_outgrows_its_memory_is_replaced_by_one_that_is_ready_before(
    start: Callable[[Launch], Service], views: Launch
) -> None:
    # To grow takes seconds on a busy machine.
    web = {"processes": "1", "restart_memory": str(200 << 20), "view_timeout": "0"}
    service = started(start, views.having(web=web))

    large = int(get_text(f"{service.url}/grow"))

    service.wait_for(rf"child 1, pid {large}, ends after \d+ requests \(restart_memory\)")
    wait_until(lambda: not is_alive(large), "it did not end")
    assert get_text(f"{service.url}/pid") == f"{children(service)[0]} 1"


def test_new_code_comes_without_a_lost_request_or_a_closed_chat_and_broken_code_does_not(
    start: Callable[[Launch], Service], views: Launch, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    code = tmp_path / "code" / "child_app.py"
    service = started(start, views)
    with Chatter(service.port, "Ann") as ann:
        load = Load(threads, service.port, "/pid", 4)
        load.seen(20)
        before = children(service)

        code.write_text("raise ValueError('not finished')")
        service.process.send_signal(signal.SIGUSR2)
        service.wait_for("the new code is not used, the old one goes on: .* ValueError: not finished")
        assert children(service) == before

        code.write_text(CODE.replace("VERSION = 1", "VERSION = 2"))
        service.process.send_signal(signal.SIGUSR2)
        # While that goes on.
        service.process.send_signal(signal.SIGUSR2)
        service.wait_for("all children have the new code")
        # What an old child has begun it ends.
        wait_until(lambda: not any(map(is_alive, before)), "the old children did not end")
        load.seen(20)

        assert set(load.statuses()) == {200}
        assert get_text(f"{service.url}/pid").endswith(" 2")
        assert ann.say("hello") == 1
    assert "Traceback" not in service.log()


def test_signals_for_the_service_do_nothing_to_its_children(shared: Service) -> None:
    before = children(shared)

    for child in before:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            os.kill(child, number)

    assert get_text(f"{shared.url}/pid") in {f"{child} 1" for child in before}
    assert children(shared) == before


def test_a_service_that_is_killed_leaves_no_child_behind(
    start: Callable[[Launch], Service], views: Launch, threads: ThreadPoolExecutor
) -> None:
    service = started(start, views.having(web={"view_timeout": "0"}))
    living = children(service)
    url = admin_url(service)
    hanging = threads.submit(status_of, f"{service.url}/hang")
    wait_until(lambda: metric(url, "mixsvc_views_running") == 1, "nothing hangs")

    service.process.kill()

    wait_until(lambda: not any(map(is_alive, living)), "a child lives")
    assert hanging.exception(DEADLINE) is not None


def test_a_stop_is_in_time_with_a_child_that_hangs_and_names_the_request(
    start: Callable[[Launch], Service], views: Launch, threads: ThreadPoolExecutor
) -> None:
    service = started(start, views.having(web={"view_timeout": "0"}))
    living, url = children(service), admin_url(service)
    hanging = threads.submit(status_of, f"{service.url}/hang")
    wait_until(lambda: metric(url, "mixsvc_views_running") == 1, "nothing hangs")

    began = monotonic()
    status = service.stop()

    assert status == TERMINATED
    assert monotonic() - began < 2 + SLACK
    assert "GET /hang did not end in time; its process is killed" in service.log()
    assert "without the rest of the stop" not in service.log()
    assert hanging.result(DEADLINE) == 503
    assert not any(map(is_alive, living))


def test_an_application_that_cannot_be_imported_is_one_line_at_the_start(views: Launch, tmp_path: Path) -> None:
    (tmp_path / "code" / "child_app.py").write_text("raise ValueError('not finished')")

    said = refused(views, "--nodaemon", "--pidfile=")

    assert said.startswith(
        "mixsvc: [web] wsgi = child_app:app: importing child_app failed with ValueError: not finished"
    )


def test_an_application_that_cannot_be_imported_any_more_is_told_and_tried_again(
    start: Callable[[Launch], Service], views: Launch, tmp_path: Path
) -> None:
    code = tmp_path / "code" / "child_app.py"
    service = started(start, views.having(web={"processes": "1"}))
    code.write_text("raise ValueError('not finished')")

    assert status_of(f"{service.url}/die") == 502

    service.wait_for(r"child 1 cannot start: .* ValueError: not finished \(.*; the next attempt is in \d+ s")
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as connection:
        connection.request("GET", "/pid")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Retry-After")) == (503, "5")
    url = admin_url(service)
    assert status_of(f"{url}/readyz") == 503
    code.write_text(CODE)
    service.lines.wait_for_count(READY, 2)
    assert get_text(f"{service.url}/pid").endswith(" 1")
    assert get_json(f"{url}/readyz")["reasons"] == []


def test_saved_files_are_loaded_anew_for_development_and_the_next_save_mends_a_mistake(
    start: Callable[[Launch], Service], views: Launch, tmp_path: Path
) -> None:
    code = tmp_path / "code" / "child_app.py"
    launch = replace(views, options=("--port", "0", "--reload"))
    service = started(start, launch.having(web={"processes": "1"}))
    assert get_text(f"{service.url}/pid").endswith(" 1")

    code.write_text("def (")
    service.wait_for("the new code is not used, the old one goes on: .* SyntaxError")
    assert get_text(f"{service.url}/pid").endswith(" 1")

    code.write_text(CODE.replace("VERSION = 1", "VERSION = 2"))
    service.wait_for("all children have the new code")
    assert get_text(f"{service.url}/pid").endswith(" 2")


def test_without_children_the_signal_for_new_code_says_what_to_set(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    service = start(launch)
    assert service.port

    service.process.send_signal(signal.SIGUSR2)

    service.wait_for(r"SIGUSR2 .* set \[web\] processes")
    assert status_of(f"{service.url}/healthz") == 200


def as_nobody(nobodys: AsNobody) -> AsNobody:
    """With two children that run the views above."""
    (nobodys.folder / "child_app.py").write_text(CODE)
    config = nobodys.having(web={"wsgi": "child_app:app", "processes": "2"}).config
    return replace(nobodys, config=config, environ={"PYTHONPATH": "."})


def test_children_belong_to_the_user_that_the_service_becomes_and_end_with_it(
    start: Callable[[Launch], Service], nobodys: AsNobody
) -> None:
    launch = as_nobody(nobodys)
    if not nobodys.may_start_python():
        assert refused(launch, "--nodaemon", "--pidfile=").endswith(
            "; let the user of --uid read the installation, or set it to 0"
        )
        return
    service = started(start, launch)
    before = children(service)

    os.kill(service.process.pid, signal.SIGUSR2)
    service.wait_for("all children have the new code")
    now = children(service)
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=DEADLINE)) as uploaded:
        # Larger than what fits into a frame: the child gets the descriptor of a file.
        uploaded.request("POST", "/size", b"x" * 300_000)
        assert uploaded.getresponse().read() == b"300000"
    for pid in (service.process.pid, *now):
        assert f"\nUid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t" in Path(f"/proc/{pid}/status").read_text()
    service.kill()

    wait_until(lambda: not any(map(is_alive, (*before, *now))), "a child is left")
