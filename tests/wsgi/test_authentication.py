"""The authenticator of a chat connection gets its request as a WSGI environ."""

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from mixsvc.interfaces import Identity
from mixsvc.wsgi.authentication import RequestAuthenticator


def request(**headers: str) -> Request:
    channel: Any = HTTPChannel()
    channel.site = Site(Resource())
    channel.makeConnection(StringTransport())
    found = Request(channel, False)
    found.requestHeaders.addRawHeader(b"host", b"chat.example:8080")
    for name, value in headers.items():
        found.requestHeaders.addRawHeader(name.encode().replace(b"__", b"-"), value.encode())
    found.uri, found.path, found.clientproto = b"/chat/websocket?a=b", b"/chat/websocket", b"HTTP/1.1"
    return found


class ThreadsAtOnce:
    """Runs what it is given at once, in the thread of the test; only between start and stop."""

    def __init__(self) -> None:
        self.is_running = False

    def start_some(self) -> None:
        self.is_running = True

    def callInThread(self, function: Callable[..., object], /) -> None:
        assert self.is_running
        function()

    def call_in_reactor(self, function: Callable[..., object], *args: object) -> None:
        function(*args)

    def replace_one(self) -> bool:
        raise AssertionError("nothing hangs")

    def has_returned(self) -> None:
        raise AssertionError("nothing was replaced")

    def stop(self) -> None:
        self.is_running = False


class RequestAuthenticatorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.found: Any = None
        self.threads = ThreadsAtOnce()

    def who(self, environ: Mapping[str, Any]) -> Identity | None:
        self.asked.append(environ)
        return self.found  # type: ignore[no-any-return]  # some tests return what none should

    def test_without_the_cookie_the_authenticator_is_not_asked(self) -> None:
        authenticator = RequestAuthenticator(Clock(), self.threads, self.who, "mixsvc_session")

        self.assertIsNone(authenticator(request(cookie="other=1")))
        self.assertEqual([], self.asked)

    def test_without_threads_a_connection_is_not_identified(self) -> None:
        def refuse() -> None:
            raise RuntimeError("can't start new thread")

        self.patch(self.threads, "start_some", refuse)
        authenticator = RequestAuthenticator(Clock(), self.threads, self.who, "")

        asked = authenticator(request())
        assert asked is not None
        self.failureResultOf(asked, RuntimeError)

    def test_threads_are_started_with_the_first_question_and_stopped_at_the_end(self) -> None:
        authenticator = RequestAuthenticator(Clock(), self.threads, self.who, "mixsvc_session")
        self.assertFalse(self.threads.is_running)

        authenticator(request(cookie="mixsvc_session=x"))
        authenticator(request(cookie="mixsvc_session=x"))
        self.assertTrue(self.threads.is_running)

        authenticator.stop()
        self.assertFalse(self.threads.is_running)

    def test_with_the_cookie_the_authenticator_says_who_it_is(self) -> None:
        self.found = Identity("1", "Ann")

        identity = RequestAuthenticator(Clock(), self.threads, self.who, "mixsvc_session")(
            request(cookie="mixsvc_session=x")
        )

        assert identity is not None
        self.assertEqual(self.found, self.successResultOf(identity))

    def test_without_a_cookie_name_the_authenticator_is_asked_about_everybody(self) -> None:
        identity = RequestAuthenticator(Clock(), self.threads, self.who, "")(request())

        assert identity is not None
        self.assertIsNone(self.successResultOf(identity))

    def test_a_result_other_than_an_identity_is_a_failure(self) -> None:
        authenticator = RequestAuthenticator(Clock(), self.threads, self.who, "")
        bad: list[Any] = ["Ann", 5, Identity(5), Identity(""), Identity("a\0"), Identity("\ud800"), Identity("1", 5)]  # type: ignore[arg-type]
        bad += [Identity("1", "Ann", True, "not a function")]  # type: ignore[arg-type]
        for self.found in bad:
            identity = authenticator(request())
            assert identity is not None
            self.failureResultOf(identity, TypeError)

    def test_what_the_authenticator_writes_to_wsgi_errors_is_logged(self) -> None:
        def write(environ: Mapping[str, Any]) -> None:
            environ["wsgi.errors"].write("no such user")

        with capturedLogs() as events:
            RequestAuthenticator(Clock(), self.threads, write, "")(request())

        self.assertEqual(["wsgi: no such user"], [formatEvent(each) for each in events])
