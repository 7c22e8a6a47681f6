"""What a service counts."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryWebSocket


class NumbersTests(SynchronousTestCase):
    """A service with small limits."""

    def setUp(self) -> None:
        self.service = Service(options={"max_sessions": 8, "max_outbox": 100})

    def test_sessions_are_told_apart_by_what_they_use(self) -> None:
        for name in ("xhr", "xhr_streaming"):
            self.service.post(f"/0/{name}/{name}")
        for name in ("eventsource", "htmlfile?c=x", "jsonp?c=x"):
            self.service.get(f"/0/{name[:4]}/{name}")
        sockets = [
            MemoryWebSocket(self.service),
            MemoryWebSocket(self.service, "/websocket"),
            MemoryWebSocket(self.service),
        ]

        numbers = self.service.resource.numbers()

        assert numbers.sessions == {
            "xhr": 1,
            "xhr_streaming": 1,
            "eventsource": 1,
            "htmlfile": 1,
            "jsonp": 1,
            "websocket": 2,
            "raw websocket": 1,
        }
        assert numbers.opened == len(sockets) + 5

    def test_a_session_that_has_ended_counts_only_as_opened(self) -> None:
        MemoryWebSocket(self.service).transport.lose()

        numbers = self.service.resource.numbers()

        assert (numbers.sessions, numbers.opened) == ({}, 1)

    def test_the_transport_is_the_one_that_was_used_last(self) -> None:
        self.service.post("/0/s/xhr")
        self.service.post("/0/s/xhr_streaming")

        assert self.service.resource.numbers().sessions == {"xhr_streaming": 1}

    def test_refused_ones_are_counted_by_the_reason(self) -> None:
        for number in range(10):
            self.service.post(f"/0/{number}/xhr")
        self.service.resource.stop()
        self.service.post("/0/new/xhr")

        assert self.service.resource.numbers().refused == {"sessions": 2, "stopping": 1}

    def test_the_limit_of_an_address_is_a_reason_of_its_own(self) -> None:
        service = Service(options={"max_sessions_per_address": 1})
        for number in range(3):
            service.post(f"/0/{number}/xhr")

        assert service.resource.numbers().refused == {"address": 2}

    def test_a_client_that_does_not_read_is_counted_once(self) -> None:
        self.service.post("/0/s/xhr")
        for _ in range(3):
            self.service.apps.last.transport.write("x" * 101)
            self.service.flush()

        assert self.service.resource.numbers().outbox_closes == 1
