"""The WSGI resource behind a site: the bytes that are sent."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.wsgi.inline import Served, Wire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
Start = Callable[..., Callable[[bytes], object]]


def app(blocks: Callable[[], Iterable[bytes]], *headers: tuple[str, str]) -> Callable[..., Iterable[bytes]]:
    """An application with these blocks."""

    def application(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), *headers])
        return blocks()

    return application


class WSGIResourceTests(SynchronousTestCase):
    """Responses as bytes."""

    is_short = True

    def served(self, application: "WSGIApplication") -> Served:
        return Served(application, is_short=self.is_short)

    def test_a_small_response(self) -> None:
        head, _, body = self.served(app(lambda: [b"abc"])).said(GET).partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert {line.split(b":")[0] for line in head.split(b"\r\n")[1:]} == {
            b"Server",
            b"Date",
            b"Content-Type",
            b"Content-Length",
        }
        assert b"\r\nContent-Length: 3" in head
        assert body == b"abc"

    def test_the_applications_date_and_server_replace_ours(self) -> None:
        answer = self.served(app(lambda: [], ("date", "then"), ("Server", "theirs"))).said(GET)

        assert answer.lower().count(b"date: ") == answer.lower().count(b"server: ") == 1
        assert b"date: then\r\n" in answer
        assert b"Server: theirs\r\n" in answer

    def test_a_body_counts_until_its_view_has_ended_also_if_the_client_has_left(self) -> None:
        def leave() -> list[bytes]:
            channel.connectionLost(Failure(ConnectionDone()))
            counted.append(site.uploads.kept)
            return [b"abc"]

        served, counted = self.served(app(leave)), list[int]()
        site: Any = served.site
        channel, _ = served.connect()
        channel.dataReceived(POST)

        assert counted == [3]
        assert site.uploads.kept == 0

    def test_a_view_is_not_called_if_the_client_has_left_before(self) -> None:
        def refused() -> list[bytes]:
            raise AssertionError("nobody waits for this")

        served, waiting = self.served(app(refused)), []
        served.pool.call_after_turn = lambda *job: waiting.append(job)  # type: ignore[method-assign]
        site: Any = served.site
        for _ in range(2):
            channel, _ = served.connect()
            channel.dataReceived(POST)
            channel.connectionLost(Failure(ConnectionDone()))

        for left in (6, 3):
            assert site.uploads.kept == left
            run, *given = waiting.pop()
            run(*given)
            served.reactor.turn()
        assert site.uploads.kept == 0

    def test_no_content_type_is_made_up(self) -> None:
        def application(environ: object, start_response: Start) -> list[bytes]:
            start_response("200 OK", [])
            return [b"abc"]

        assert b"Content-Type" not in self.served(application).said(GET)

    def test_a_response_of_unknown_length_comes_in_chunks_and_the_connection_stays(self) -> None:
        _, wire = self.asked(app(lambda: iter([b"abc", b"de"])))

        assert wire.value().endswith(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert not wire.disconnecting

    def test_to_http_1_0_it_ends_with_the_connection(self) -> None:
        _, wire = self.asked(app(lambda: iter([b"abc", b"de"])), b"GET / HTTP/1.0\r\n\r\n")

        assert wire.value().endswith(b"\r\n\r\nabcde")
        assert b"chunked" not in wire.value()
        assert wire.disconnecting

    def test_head_has_the_headers_only(self) -> None:
        answer = self.served(validator(app(lambda: iter([b"abc"]), ("Content-Length", "3")))).said(
            GET.replace(b"GET", b"HEAD")
        )

        assert b"\r\nContent-Length: 3\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")

    def test_pipelined_requests_are_answered_in_order(self) -> None:
        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            start_response("200 OK", [])
            return [environ["PATH_INFO"].encode()]

        answer = self.served(application).said(b"".join(GET.replace(b"/ ", b"/%d " % number) for number in range(9)))

        assert [answer.index(b"\r\n\r\n/%d" % number) for number in range(9)] == sorted(
            answer.index(b"\r\n\r\n/%d" % number) for number in range(9)
        )

    def test_a_failure_is_answered_with_500_and_the_connection_stays(self) -> None:
        _, wire = self.asked(app(lambda: [b"%d" % (1 // 0)]))

        assert wire.value().startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
        assert wire.value().endswith(b"\r\n\r\nThe server failed to answer; its log says why.\n")
        assert not wire.disconnecting
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_the_500_has_none_of_the_headers_of_what_failed(self) -> None:
        def application(environ: object, start_response: Start) -> list[bytes]:
            start_response("200 OK", [("X-A", "b")])
            raise ValueError("oh")

        assert b"X-A" not in self.served(application).said(GET)
        self.flushLoggedErrors(ValueError)

    def test_a_failure_after_the_head_ends_the_connection_without_the_last_chunk(self) -> None:
        def blocks() -> Iterator[bytes]:
            yield b"abc"
            raise ValueError("oh")

        _, wire = self.asked(app(blocks))

        assert wire.value().endswith(b"3\r\nabc\r\n")
        assert wire.disconnecting
        self.flushLoggedErrors(ValueError)

    def test_a_client_that_expects_100_continue_gets_it(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"

        assert self.served(app(lambda: [])).said(head) == b"HTTP/1.1 100 Continue\r\n\r\n"

    def test_many_responses_cost_one_call_into_the_reactor_each(self) -> None:
        served = self.served(app(lambda: iter([b"abc"]), ("Content-Length", "3")))
        served.said(GET * 5)

        assert served.reactor.wakes == 5

    def asked(self, application: Callable[..., Iterable[bytes]], data: bytes = GET) -> tuple[Any, Wire]:
        channel, wire = self.served(application).connect()
        channel.dataReceived(data)
        return channel, wire


class LongWayTests(WSGIResourceTests):
    """The same on the long way of requests."""

    is_short = False
