"""A request whose view runs in a child, as the service sees it: what it sends, and what becomes of what comes back."""

from unittest.mock import Mock

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import Settings
from mixsvc.http.refusals import ENDED
from mixsvc.http.site import MixSite
from mixsvc.interfaces.holds import TOPICS, Hold
from mixsvc.sockets.hub import SocketLimits, ViewSockets
from mixsvc.sockets.socketio import SocketIo
from mixsvc.wsgi.children.call import BEGINNING_BYTES, MAX_IN_FRAME, ROOM_STEP, ChildCall
from mixsvc.wsgi.children.environ_frame import decode_call, encode_head
from mixsvc.wsgi.children.resource import ChildResource
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.supervision.sessions import SocketIoSessions
from tests.wsgi.inline import InlineReactor, LongOnly, Wire

GET = b"GET /x?y=%C3 HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = ResponseHead(200, b"OK", ((b"Content-Type", b"text/x"), (b"Content-Length", b"3")), 3)
STREAM = ResponseHead(200, b"OK", (), None)
HOLD = Hold(TOPICS, ("order-42",))


class ChildCallTests(SynchronousTestCase):
    """ChildResource and ChildCall behind a MixSite; the test plays the child."""

    is_short = True

    def setUp(self) -> None:
        self.calls: list[ChildCall] = []
        self.held: list[tuple[object, ...]] = []
        reactor, children = InlineReactor(), Mock(submit=self.calls.append, sessions=SocketIoSessions(SocketIo(""), ()))
        sockets = ViewSockets(reactor, SocketLimits(0, 0), ())
        resource = ChildResource(children, lambda *given: self.held.append(given), sockets)
        self.site = MixSite(reactor, resource if self.is_short else LongOnly(resource), Settings())
        self.channel = self.site.buildProtocol(None)
        self.wire = Wire()
        self.channel.makeConnection(self.wire)
        self.gone: list[str] = []
        self.room: list[int] = []

    def call(self, data: bytes = GET) -> ChildCall:
        """The call of this request."""
        self.channel.dataReceived(data)
        call = self.calls[-1]
        call.gone = lambda: self.gone.append(call.name)
        call.taken = self.room.append
        return call

    def lose(self) -> None:
        """The client leaves."""
        self.channel.connectionLost(Failure(ConnectionDone()))

    def test_the_payload_has_the_texts_of_the_environ_and_the_body(self) -> None:
        call = self.call(b"POST /x?y=%C3 HTTP/1.1\r\nHost: a\r\nX-Y: \xe9\r\nContent-Length: 3\r\n\r\nabc")

        texts, body, has_descriptor, _ = decode_call(call.payload)

        assert (call.name, body, has_descriptor, call.descriptor) == ("POST /x", b"abc", False, None)
        assert (texts["QUERY_STRING"], texts["HTTP_X_Y"], texts["CONTENT_LENGTH"]) == ("y=%C3", "\xe9", "3")
        assert not any(key.startswith("wsgi.") for key in texts if key != "wsgi.url_scheme")

    def test_a_body_counts_until_no_child_needs_it_also_if_the_client_has_left(self) -> None:
        for size in (3, MAX_IN_FRAME + 1):
            self.setUp()
            call = self.call(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            self.lose()
            assert self.site.uploads.kept == size

            for _ in range(2):
                call.release()
                assert self.site.uploads.kept == 0

    def test_a_body_larger_than_a_frame_takes_goes_by_its_descriptor(self) -> None:
        for size in (MAX_IN_FRAME, MAX_IN_FRAME + 1):
            call = self.call(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            is_large = size > MAX_IN_FRAME

            assert decode_call(call.payload)[1:3] == ((b"", True) if is_large else (b"x" * size, False))
            assert (call.descriptor is not None) is is_large
            call.respond(encode_head(HEAD, b"abc"))

        call.release()
        assert call.descriptor is None

    def test_a_whole_response_is_sent_and_the_connection_goes_on(self) -> None:
        self.call().respond(encode_head(HEAD, b"abc"))

        assert self.wire.value().startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Content-Type: text/x\r\n" in self.wire.value()
        assert self.wire.value().endswith(b"\r\n\r\nabc")
        self.wire.clear()
        self.call().respond(encode_head(HEAD, b"def"))
        assert self.wire.value().endswith(b"\r\n\r\ndef")
        assert self.gone == []

    def test_a_stream_is_sent_as_it_comes_and_what_was_taken_is_said_in_steps(self) -> None:
        call = self.call()
        call.begin(encode_head(STREAM))
        call.write(b"x" * (ROOM_STEP - 1))
        assert self.room == []

        call.write(b"y")
        call.end()

        assert self.room == [ROOM_STEP]
        assert self.wire.value().endswith(b"\r\n1\r\ny\r\n0\r\n\r\n")

    def test_nothing_is_said_to_be_taken_while_the_client_does_not_read(self) -> None:
        call = self.call()
        call.begin(encode_head(STREAM))
        self.channel.pauseProducing()
        call.write(b"x" * ROOM_STEP)
        call.end()
        assert self.room == []
        assert not self.wire.value().endswith(b"0\r\n\r\n")

        self.channel.resumeProducing()

        assert self.room == [ROOM_STEP]
        assert self.wire.value().endswith(b"0\r\n\r\n")

    def test_a_client_that_the_view_leaves_to_the_service_is_held(self) -> None:
        call = self.call()

        call.hold(encode_head(STREAM, HOLD.encode()))
        call.abort()

        ((request, fields, hold),) = self.held
        assert (getattr(request, "path", None), fields, hold) == (b"/x", (), HOLD)
        assert (self.wire.value(), self.gone) == (b"", [])

    def test_a_client_that_has_left_is_not_held(self) -> None:
        call = self.call()

        self.lose()
        call.hold(encode_head(STREAM, HOLD.encode()))

        assert self.held == []

    def test_the_beginning_of_a_body_is_shown_to_whoever_wants_it(self) -> None:
        shown: list[object] = []
        whole = self.call()
        whole.answered = lambda headers, beginning: shown.append((headers, beginning))
        whole.respond(encode_head(HEAD, b"abc"))
        parts = self.call()
        parts.answered = whole.answered
        parts.begin(encode_head(STREAM))
        for part in (b"de", b"f" * BEGINNING_BYTES, b"g"):
            parts.write(part)

        full = b"de" + b"f" * (BEGINNING_BYTES - 2)
        self.assertEqual(shown, [(HEAD.headers, b"abc"), ((), b"de"), ((), full)])

    def test_a_failed_view_is_answered_with_500(self) -> None:
        self.call().abort()

        assert self.wire.value().startswith(b"HTTP/1.1 500 Internal Server Error\r\n")

    def test_a_failed_stream_is_cut_off(self) -> None:
        call = self.call()
        call.begin(encode_head(STREAM))
        call.write(b"x")

        call.abort()

        assert self.wire.value().endswith(b"\r\n1\r\nx\r\n")
        assert self.wire.disconnecting

    def test_a_process_that_ends_answers_once(self) -> None:
        call = self.call()
        call.fail(ENDED)
        call.fail(ENDED)
        call.respond(encode_head(HEAD, b"abc"))

        assert self.wire.value().count(b"HTTP/1.1 ") == 1
        assert self.wire.value().startswith(b"HTTP/1.1 502 ")

    def test_a_client_that_leaves_is_told_of_once_and_gets_nothing_more(self) -> None:
        call = self.call()
        self.lose()

        call.respond(encode_head(HEAD, b"abc"))
        call.begin(encode_head(STREAM))
        call.write(b"x")
        call.end()
        call.fail(ENDED)

        assert self.gone == ["GET /x"]
        assert self.wire.value() == b""

    def test_the_body_stays_open_for_the_child_when_its_client_leaves(self) -> None:
        size = MAX_IN_FRAME + 1
        call = self.call(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)

        self.lose()

        assert call.descriptor is not None
        call.release()


class LongWayCallTests(ChildCallTests):
    """The same on the long way of requests."""

    is_short = False
