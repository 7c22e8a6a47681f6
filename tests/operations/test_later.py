"""A page that is loaded when somebody asks for it first."""

from queue import Queue
from typing import Any
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET

from mixsvc.operations.later import LaterPage
from mixsvc.threads import own_threads
from tests.http.exchange import Exchange, send_request

DEADLINE = 30.0


class Loaded(Resource):
    isLeaf = True

    trouble: Exception | None = None

    def render(self, request: Any) -> int:
        if self.trouble is not None:
            raise self.trouble
        request.write(b"loaded")
        request.finish()
        return NOT_DONE_YET


class LaterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.calls: Queue[Any] = Queue()
        self.loads = 0
        self.page = Loaded()
        self.trouble: Exception | None = None
        self.root = Resource()
        self.root.putChild(b"", LaterPage(self, self.load))

    def callFromThread(self, function: Any, *args: Any) -> None:
        """As a reactor has it; the test makes the call."""
        self.calls.put((function, args))

    def load(self) -> IResource:
        self.loads += 1
        if self.trouble is not None:
            raise self.trouble
        return self.page

    def asked(self) -> Exchange:
        return send_request(self.root, b"/")

    def settle(self) -> None:
        """Do what the thread has asked for."""
        function, args = self.calls.get(timeout=DEADLINE)
        function(*args)

    def test_it_is_not_loaded_before_somebody_asks_and_then_once_for_all(self) -> None:
        assert self.loads == 0

        first, second = self.asked(), self.asked()
        assert first.transport.value() == b""
        self.settle()

        assert [each.body for each in (first, second, self.asked())] == [b"6\r\nloaded\r\n0\r\n\r\n"] * 3
        assert self.loads == 1

    def test_what_cannot_be_loaded_is_in_the_log_and_tried_again(self) -> None:
        self.trouble = ImportError("no jinja2")
        asked = self.asked()
        self.settle()

        assert asked.status == 500
        assert len(self.flushLoggedErrors(ImportError)) == 1
        self.trouble = None
        again = self.asked()
        self.settle()
        assert again.status == 200

    def test_without_a_thread_it_is_tried_again(self) -> None:
        with patch.object(own_threads, "start_new_thread", side_effect=RuntimeError("can't start new thread")):
            asked = self.asked()

        assert asked.status == 500
        assert len(self.flushLoggedErrors(RuntimeError)) == 1
        again = self.asked()
        self.settle()
        assert again.status == 200

    def test_nobody_answers_a_client_that_has_left_meanwhile(self) -> None:
        asked = self.asked()
        asked.lose()

        self.settle()

        assert asked.transport.value() == b""
        assert self.flushLoggedErrors() == []

    def test_a_page_that_fails_is_not_said_to_be_missing_and_is_not_loaded_again(self) -> None:
        self.page.trouble = ValueError("oh")
        asked = self.asked()
        self.settle()

        assert asked.status == 500
        assert b"loaded" not in asked.body
        assert len(self.flushLoggedErrors(ValueError)) == 1
        self.page.trouble = None
        assert self.asked().status == 200
        assert self.loads == 1
