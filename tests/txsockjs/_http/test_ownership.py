"""A named session serves the client that opened it, whoever else learns its name."""

from collections.abc import Awaitable
from typing import Any, Final

from twisted.internet.defer import Deferred, TimeoutError
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request

from tests.txsockjs.fakes import App, Service
from txsockjs._http.ownership import DECISION_SECONDS, MAX_WAITING, MAX_WAITING_OF_ONE
from txsockjs.multiplex import MultiplexFactory, MultiplexProtocol
from txsockjs.testing import MemoryWebSocket

RECEIVING: Final = (
    ("POST", "/0/s/xhr"),
    ("POST", "/0/s/xhr_streaming"),
    ("GET", "/0/s/eventsource"),
    ("GET", "/0/s/htmlfile?c=x"),
    ("GET", "/0/s/jsonp?c=x"),
)
SENDING: Final = (("POST", "/0/s/xhr_send"), ("POST", "/0/s/jsonp_send"))

CLOSE: Final = b'c[2011,"Another client has used this session, open a new one"]\n'


class Owners:
    """The option same_owner; `answer` is what it returns. Records the cookies that it was asked about."""

    def __init__(self) -> None:
        self.answer: Any = False
        self.asked: list[str] = []
        self.protocols: list[Any] = []

    def __call__(self, protocol: Any, request: Request) -> bool | Awaitable[bool]:
        self.protocols.append(protocol)
        self.asked.append((request.getHeader(b"cookie") or b"").decode())
        answer: bool | Awaitable[bool] = self.answer() if callable(self.answer) else self.answer
        return answer


class Case(SynchronousTestCase):
    """Ann has a session s, opened with her cookie."""

    def setUp(self) -> None:
        self.owners = Owners()
        self.begin()

    def begin(self) -> None:
        self.service = Service(options={"same_owner": self.owners})
        self.service.post("/0/s/xhr", Cookie="ann")

    @property
    def app(self) -> App:
        return self.service.apps.all[0]

    def say(self, text: str) -> None:
        self.app.transport.write(text)
        self.service.flush()


class OtherClientTests(Case):
    def test_another_client_receives_nothing_over_any_transport(self) -> None:
        for method, path in RECEIVING:
            for headers in ({}, {"Cookie": "eve"}, {"Cookie": "ann", "Authorization": "Basic eve"}):
                self.begin()
                self.say("secret")
                answer = self.service.request(method, path, b"", Origin="test", **headers)
                self.assertEqual((answer.status, answer.body), (403, b"This session belongs to another client."), path)
                self.assertEqual(answer.headers["access-control-allow-origin"], "test")

    def test_another_client_sends_nothing_over_any_transport(self) -> None:
        for method, path in SENDING:
            for headers in ({}, {"Cookie": "eve"}):
                self.begin()
                answer = self.service.request(method, path, b'["x"]', **headers)
                self.assertEqual((answer.status, self.app.messages), (403, []), path)

    def test_the_session_is_closed_for_the_client_to_open_another(self) -> None:
        stream = self.service.post("/0/s/xhr_streaming", Cookie="ann")

        self.service.post("/0/s/xhr_send", b'["x"]', Cookie="eve")

        self.assertEqual(stream.chunks[1:], [CLOSE, b""])
        self.assertEqual(len(self.app.reasons), 1)

    def test_a_client_that_is_between_two_polls_hears_of_it_with_the_next(self) -> None:
        self.service.post("/0/s/xhr", Cookie="eve")

        self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann").body, CLOSE)
        self.assertEqual(self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann").status, 404)

    def test_what_waits_goes_to_the_client_before_the_close(self) -> None:
        self.say("secret")

        self.service.post("/0/s/xhr", Cookie="eve")

        self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann").body, b'a["secret"]\n')
        self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann").body, CLOSE)

    def test_a_closed_session_tells_nobody_else_why(self) -> None:
        self.app.transport.close(4003, "Banned")
        self.service.flush()
        self.service.post("/0/s/xhr", Cookie="ann")

        answer = self.service.post("/0/s/xhr", Cookie="eve")

        self.assertEqual((answer.status, answer.body), (404, b"There is no such session."))
        self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann").body, b'c[4003,"Banned"]\n')

    def test_a_websocket_has_a_session_of_its_own_under_any_name(self) -> None:
        socket = MemoryWebSocket(self.service, "/0/s/websocket")

        self.assertEqual((socket.texts, self.owners.asked), (["o"], []))

    def test_the_protocol_of_the_session_is_asked(self) -> None:
        self.service.post("/0/s/xhr", Cookie="eve")

        self.assertEqual(self.owners.protocols, [self.app])

    def test_a_multiplexed_session_is_asked_as_a_whole(self) -> None:
        service = Service(MultiplexFactory(), {"same_owner": self.owners})
        service.post("/0/s/xhr", Cookie="ann")

        self.assertEqual(service.post("/0/s/xhr", Cookie="eve").status, 403)
        self.assertIsInstance(self.owners.protocols[0], MultiplexProtocol)


class SameClientTests(Case):
    def test_requests_with_the_same_headers_go_on_without_a_question(self) -> None:
        self.say("one")

        self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann").body, b'a["one"]\n')
        self.assertEqual(self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann").status, 204)
        self.assertEqual((self.app.messages, self.owners.asked), ([b"x"], []))

    def test_a_client_with_new_headers_is_asked_about_once(self) -> None:
        self.owners.answer = True
        for number in range(3):
            self.say(f"{number}")
            self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann2").body, b'a["%d"]\n' % number)
        self.assertEqual(self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2").status, 204)

        self.assertEqual(self.owners.asked, ["ann2"])

    def test_headers_that_only_look_alike_when_joined_are_others(self) -> None:
        self.owners.answer = True
        service = Service(options={"same_owner": self.owners})
        service.send(b"POST /echo/0/s/xhr HTTP/1.1\r\nHost: x\r\nCookie: a\r\nCookie: b\r\nContent-Length: 0\r\n\r\n")
        others = ({"Cookie": "ab"}, {"Cookie": "a", "Authorization": "b"}, {"Authorization": "ab"}, {"Cookie": "a, b"})

        for headers in others:
            service.post("/0/s/xhr_send", b'["x"]', **headers)

        self.assertEqual(len(self.owners.asked), len(others))

    def test_without_the_option_whoever_knows_the_name_is_the_client(self) -> None:
        service = Service()
        service.post("/0/s/xhr", Cookie="ann")
        service.apps.last.transport.write("x")
        service.flush()

        self.assertEqual(service.post("/0/s/xhr", Cookie="eve").body, b'a["x"]\n')

    def test_preflights_are_not_asked_about(self) -> None:
        self.assertEqual(self.service.options("/0/s/xhr").status, 204)
        self.assertEqual(self.owners.asked, [])


class DecisionTests(Case):
    """The application decides later."""

    def setUp(self) -> None:
        super().setUp()
        self.decision: Deferred[bool] = Deferred()
        self.owners.answer = lambda: self.decision

    def test_a_request_waits_for_the_decision(self) -> None:
        for path, body in (("/0/s/xhr_send", b'["x"]'), ("/0/s/jsonp_send", b'["y"]')):
            self.decision = Deferred()
            answer = self.service.post(path, body, Cookie=path)
            self.assertEqual(answer.transport.value(), b"")
            self.decision.callback(True)
            self.assertIn(answer.status, (200, 204))
        self.assertEqual(self.app.messages, [b"x", b"y"])

    def test_a_stream_begins_with_the_decision(self) -> None:
        self.say("x")
        stream = self.service.get("/0/s/eventsource", Cookie="ann2")
        self.assertEqual(stream.transport.value(), b"")

        self.decision.callback(True)

        self.assertEqual(stream.chunks, [b"\r\n", b'data: a["x"]\r\n\r\n'])

    def test_a_coroutine_may_decide(self) -> None:
        async def decide() -> bool:
            return await self.decision

        self.owners.answer = decide
        answer = self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2")

        self.decision.callback(True)

        self.assertEqual((answer.status, self.app.messages), (204, [b"x"]))

    def test_requests_with_the_same_headers_wait_for_one_decision(self) -> None:
        poll = self.service.post("/0/s/xhr", Cookie="ann2")
        send = self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2")

        self.decision.callback(True)
        self.say("y")

        self.assertEqual((poll.body, send.status, self.owners.asked), (b'a["y"]\n', 204, ["ann2"]))

    def test_all_of_them_are_refused_together(self) -> None:
        answers = [self.service.post(path, b'["x"]', Cookie="eve") for _, path in SENDING]

        self.decision.callback(False)

        self.assertEqual([answer.status for answer in answers], [403, 403])

    def test_meanwhile_the_client_itself_goes_on(self) -> None:
        self.service.post("/0/s/xhr", Cookie="eve")
        self.say("x")

        self.assertEqual(self.service.post("/0/s/xhr", Cookie="ann").body, b'a["x"]\n')

    def test_too_many_requests_do_not_wait(self) -> None:
        decisions: list[Deferred[bool]] = []

        def decide() -> Deferred[bool]:
            decisions.append(Deferred())
            return decisions[-1]

        self.owners.answer = decide
        waiting = [
            self.service.post("/0/s/xhr_send", b'["x"]', Cookie=f"ann{number}") for number in range(MAX_WAITING_OF_ONE)
        ]

        self.assertEqual(self.service.post("/0/s/xhr_send", b'["y"]', Cookie="ann").status, 204)
        self.assertEqual(self.service.post("/0/s/xhr_send", b'["z"]', Cookie="more").status, 503)
        for decision in decisions:
            decision.callback(True)
        self.assertEqual([answer.status for answer in waiting], [204] * MAX_WAITING_OF_ONE)
        self.assertEqual(self.app.messages, [b"y"] + [b"x"] * MAX_WAITING_OF_ONE)

    def test_of_all_sessions_together_so_many_requests_wait(self) -> None:
        decisions: list[Deferred[bool]] = []

        def decide() -> Deferred[bool]:
            decisions.append(Deferred())
            return decisions[-1]

        self.owners.answer = decide
        names = [f"s{number}" for number in range(MAX_WAITING // MAX_WAITING_OF_ONE + 1)]
        *full, last = names
        for name in names:
            self.service.post(f"/0/{name}/xhr", Cookie="ann")
        for name in full:
            for number in range(MAX_WAITING_OF_ONE):
                self.service.post(f"/0/{name}/xhr_send", b"[]", Cookie=f"ann{number}")
        self.assertEqual(len(decisions), MAX_WAITING)

        self.assertEqual(self.service.post(f"/0/{last}/xhr_send", b"[]", Cookie="more").status, 503)
        decisions[0].callback(True)
        waiting = self.service.post(f"/0/{last}/xhr_send", b"[]", Cookie="more")
        decisions[-1].callback(True)

        self.assertEqual(waiting.status, 204)

    def test_a_request_that_fails_after_the_decision_is_answered(self) -> None:
        requests: list[Any] = []

        def make_request(*args: Any) -> Request:
            request = Request(*args)
            requests.append(request)
            return request

        site: Any = self.service.site
        site.requestFactory = make_request
        answer = self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2")
        # As when the temporary file of a body cannot be read.
        requests[0].content.close()

        self.decision.callback(True)

        self.assertEqual((answer.status, len(self.flushLoggedErrors(ValueError))), (500, 1))

    def test_when_no_decision_comes_the_request_is_refused_and_the_session_goes_on(self) -> None:
        service = Service(options={"same_owner": self.owners, "timeout": 100})
        service.post("/0/s/xhr", Cookie="ann")
        answer = service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2")
        service.advance(DECISION_SECONDS)

        self.assertEqual((answer.status, service.apps.last.messages), (503, []))
        self.assertEqual(len(self.flushLoggedErrors(TimeoutError)), 1)
        self.assertEqual(service.post("/0/s/xhr_send", b'["y"]', Cookie="ann").status, 204)

    def test_when_the_application_fails_the_request_is_refused_and_the_session_goes_on(self) -> None:
        for answer in (lambda: 1 / 0, lambda: None, lambda: "yes"):
            self.owners.answer = answer
            self.assertEqual(self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2").status, 503)
            self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError, TypeError)), 1)
        self.assertEqual(self.service.post("/0/s/xhr_send", b'["y"]', Cookie="ann").status, 204)
        self.assertEqual(self.app.messages, [b"y"])

    def test_a_client_that_leaves_meanwhile_changes_nothing(self) -> None:
        for is_own in (True, False):
            self.begin()
            self.decision = Deferred()
            self.service.post("/0/s/xhr_send", b'["x"]', Cookie="ann2").transport.lose()
            self.service.post("/0/s/xhr", Cookie="ann2").transport.lose()

            self.decision.callback(is_own)

            self.assertEqual((self.app.messages, len(self.app.reasons)), ([], 0))

    def test_a_session_that_ends_meanwhile_is_followed_by_a_new_one(self) -> None:
        poll = self.service.post("/0/s/xhr", Cookie="ann2")
        self.service.advance(5)
        self.assertEqual(len(self.app.reasons), 1)

        self.decision.callback(True)

        self.assertEqual((poll.body, len(self.service.apps.all)), (b"o\n", 2))

    def test_a_session_of_another_client_with_the_same_name_is_not_taken_over_by_a_late_decision(self) -> None:
        poll = self.service.post("/0/s/xhr", Cookie="ann2")
        self.service.advance(5)
        first, self.decision = self.decision, Deferred()
        self.service.post("/0/s/xhr", Cookie="eve")

        first.callback(True)
        self.assertEqual(poll.transport.value(), b"")
        self.decision.callback(False)

        self.assertEqual(poll.status, 403)
