"""Who opens a chat connection is asked with the request as a WSGI environ."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from mixsvc.interfaces import Identity
from mixsvc.wsgi.authentication import Visitors, environ_of

T = TypeVar("T")


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

    def start(self) -> None:
        assert not self.is_running
        self.is_running = True

    def defer(self, function: Callable[[], T], /) -> Deferred[T]:
        assert self.is_running
        try:
            return succeed(function())
        except Exception:
            return fail()

    def stop(self) -> None:
        self.is_running = False


class EnvironTests(SynchronousTestCase):
    def test_it_has_what_an_application_looks_at(self) -> None:
        found = environ_of(request(cookie="a=b", x__user="ann"))

        expected = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/chat/websocket",
            "QUERY_STRING": "a=b",
            "REMOTE_ADDR": "192.168.1.1",
            "HTTP_HOST": "chat.example:8080",
            "HTTP_COOKIE": "a=b",
            "HTTP_X_USER": "ann",
            "wsgi.url_scheme": "http",
        }
        self.assertEqual(expected, {name: found[name] for name in expected})
        self.assertEqual(b"", found["wsgi.input"].read())

    def test_a_name_with_an_underscore_is_left_out(self) -> None:
        found = environ_of(request(X_User="root"))

        self.assertNotIn("HTTP_X_USER", found)


class VisitorsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.found: Any = None
        self.threads = ThreadsAtOnce()

    def who(self, environ: Mapping[str, Any]) -> Identity | None:
        self.asked.append(environ)
        return self.found  # type: ignore[no-any-return]  # some tests return what none should

    def test_without_the_cookie_nobody_is_asked_about(self) -> None:
        visitors = Visitors(self.threads, self.who, "mixsvc_session")

        self.assertIsNone(visitors(request(cookie="other=1")))
        self.assertEqual([], self.asked)

    def test_threads_are_started_with_the_first_question_and_stopped_at_the_end(self) -> None:
        visitors = Visitors(self.threads, self.who, "mixsvc_session")
        self.assertFalse(self.threads.is_running)

        visitors(request(cookie="mixsvc_session=x"))
        visitors(request(cookie="mixsvc_session=x"))
        self.assertTrue(self.threads.is_running)

        visitors.stop()
        self.assertFalse(self.threads.is_running)

    def test_with_the_cookie_the_authenticator_says_who_it_is(self) -> None:
        self.found = Identity("1", "Ann")

        visitor = Visitors(self.threads, self.who, "mixsvc_session")(request(cookie="mixsvc_session=x"))

        assert visitor is not None
        self.assertEqual(self.found, self.successResultOf(visitor))

    def test_without_a_cookie_to_look_for_everybody_is_asked_about(self) -> None:
        visitor = Visitors(self.threads, self.who, "")(request())

        assert visitor is not None
        self.assertIsNone(self.successResultOf(visitor))

    def test_what_is_no_identity_is_a_failure(self) -> None:
        visitors = Visitors(self.threads, self.who, "")
        bad: list[Any] = ["Ann", 5, Identity(5), Identity(""), Identity("1", 5)]  # type: ignore[arg-type]
        for self.found in bad:
            visitor = visitors(request())
            assert visitor is not None
            self.failureResultOf(visitor, TypeError)
