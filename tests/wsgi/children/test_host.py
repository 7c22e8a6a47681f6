"""A child as the service sees it: what it answers to each frame."""

import os
import socket
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from threading import Event
from typing import Any

from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from mixsvc.wsgi.children.environ_frame import decode_head, encode_call
from mixsvc.wsgi.children.frames import Failing, FrameType, decode_ids, encode_frame, encode_ids
from mixsvc.wsgi.children.host import RUN_THREADS
from mixsvc.wsgi.children.remote_request import MAX_UNTAKEN
from mixsvc.wsgi.response import ClientDisconnected
from tests.wsgi.children.child import SECONDS, TEXTS, ChildCase, as_texts

Start = Callable[..., Callable[[bytes], object]]


def echo(environ: dict[str, Any], start_response: Start) -> list[bytes]:
    """Returns the body of the request."""
    start_response("200 Fine", [("X-Path", environ["PATH_INFO"])])
    return [environ["wsgi.input"].read()]


class WholeResponseTests(ChildCase):
    """Calls whose response is one frame."""

    def test_a_call_gets_status_headers_and_body_in_one_frame(self) -> None:
        self.serve(echo)

        self.call(7, b"abc", PATH_INFO="/x")

        assert self.whole(7) == (200, b"Fine", ((b"X-Path", b"/x"), (b"Content-Length", b"3")), b"abc")

    def test_a_view_knows_that_there_are_other_processes(self) -> None:
        seen: dict[str, Any] = {}

        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            seen.update(environ)
            return echo(environ, start_response)

        self.serve(application)
        self.call()
        self.whole()

        assert {key: value for key, value in seen.items() if isinstance(value, str)} == TEXTS
        assert (seen["wsgi.multiprocess"], seen["wsgi.multithread"]) == (True, True)

    def test_a_large_body_comes_by_its_descriptor(self) -> None:
        self.serve(echo)
        with TemporaryFile() as file:
            file.write(b"x" * 100_000)
            file.seek(0)
            frames = encode_frame(FrameType.RATES, 0) + encode_frame(
                FrameType.CALL, 3, encode_call(as_texts(TEXTS), None)
            )
            socket.send_fds(self.service, [frames], [file.fileno()])

        self.call(4, b"small")

        bodies = {}
        for _ in range(2):
            frame = self.next(FrameType.WHOLE)
            bodies[frame.id] = decode_head(frame.payload).body
        assert bodies == {3: b"x" * 100_000, 4: b"small"}

    def test_the_thread_is_free_only_after_the_response_was_closed(self) -> None:
        closing, may_end = Event(), Event()

        class Blocks(list[bytes]):
            def close(self) -> None:
                closing.set()
                may_end.wait(SECONDS)

        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            start_response("200 OK", [])
            return Blocks([b"abc"])

        self.serve(application)
        self.call()
        assert self.next(FrameType.WHOLE, FrameType.OVER).type == FrameType.WHOLE
        assert closing.wait(SECONDS)
        may_end.set()

        assert self.next(FrameType.OVER).id == 1


class FailingCallTests(ChildCase):
    """Calls that cannot be answered."""

    def failed(self) -> None:
        """The call fails, and its thread is free."""
        frame = self.next(FrameType.WHOLE, FrameType.FAIL)
        assert (frame.type, frame.id, frame.payload) == (FrameType.FAIL, 1, Failing.ABORT)
        assert self.next(FrameType.OVER).id == 1

    def test_a_view_that_fails_is_answered_and_its_traceback_logged(self) -> None:
        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            raise LookupError("of the view")

        self.serve(application)
        self.call()

        self.failed()
        (failure,) = self.flushLoggedErrors(LookupError)
        assert isinstance(failure, Failure)

    def test_a_view_that_exits_is_answered(self) -> None:
        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            raise SystemExit(3)

        self.serve(application)
        self.call()

        self.failed()
        self.flushLoggedErrors(SystemExit)

    def test_a_call_that_cannot_be_read_is_answered_and_the_next_one_works(self) -> None:
        self.serve(echo)
        self.say(FrameType.CALL, 1, b"\0\0")

        self.failed()

        self.flushLoggedErrors()
        self.call(2, b"next")
        assert self.whole(2).body == b"next"

    def test_a_call_without_a_method_is_answered(self) -> None:
        self.serve(echo)
        self.say(FrameType.CALL, 1, encode_call(as_texts({"PATH_INFO": "/"}), b""))

        self.failed()
        self.flushLoggedErrors(KeyError)

    def test_a_call_whose_descriptor_did_not_come_is_answered(self) -> None:
        self.serve(echo)
        self.say(FrameType.CALL, 1, encode_call(as_texts(TEXTS), None))

        self.failed()
        self.flushLoggedErrors()

    def test_frames_that_mean_nothing_stop_nothing(self) -> None:
        self.serve(echo)
        for type in (FrameType.ROOM, FrameType.GONE, FrameType.REPLY, FrameType.CANCEL, FrameType.SETUP, 200):
            self.say(type, 99, b"?")

        self.call(1, b"abc")

        assert self.whole().body == b"abc"


class StreamTests(ChildCase):
    """Calls whose response is long."""

    def stream(self, blocks: Iterator[bytes]) -> None:
        """Serve these blocks."""

        def application(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
            start_response("200 OK", [])
            return blocks

        self.serve(application)
        self.call()
        assert self.next(FrameType.BEGIN).id == 1

    def read(self, size: int) -> bytes:
        """So many bytes of the body."""
        data = b""
        while len(data) < size:
            data += self.next(FrameType.WRITE).payload
        return data

    def test_blocks_come_as_the_view_makes_them(self) -> None:
        may_go_on = Event()

        def blocks() -> Iterator[bytes]:
            yield b"first"
            may_go_on.wait(SECONDS)
            yield b"second"

        self.stream(blocks())
        assert self.next(FrameType.WRITE).payload == b"first"
        may_go_on.set()

        assert self.next(FrameType.WRITE).payload == b"second"
        assert self.next(FrameType.END).id == self.next(FrameType.OVER).id == 1

    def test_no_more_comes_than_may_be_untaken_and_no_thread_waits(self) -> None:
        text = os.urandom(10 * MAX_UNTAKEN // 4)
        self.stream(text[start : start + 50_000] for start in range(0, len(text), 50_000))
        assert self.next(FrameType.OVER).id == 1
        data = self.read(MAX_UNTAKEN)
        assert len(data) < 2 * MAX_UNTAKEN

        while len(data) < len(text):
            self.say(FrameType.ROOM, 1, (32768).to_bytes(4, "big"))
            data += self.next(FrameType.WRITE).payload

        self.say(FrameType.ROOM, 1, len(data).to_bytes(4, "big"))
        assert data == text
        assert self.next(FrameType.END).id == 1
        assert (self.quota.in_memory, self.quota.files) == (0, 0)

    def test_a_client_that_leaves_ends_the_stream_and_the_view_is_told(self) -> None:
        told = Event()

        def blocks() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x" * 50_000
            except (ClientDisconnected, GeneratorExit):
                told.set()
                raise

        self.stream(blocks())
        self.say(FrameType.GONE, 1)

        assert self.next(FrameType.END).id == self.next(FrameType.OVER).id == 1
        assert told.wait(SECONDS)
        self.wait_until_nothing_is_kept()

    def test_a_stream_that_fails_is_cut_off_behind_what_was_sent(self) -> None:
        def blocks() -> Iterator[bytes]:
            yield b"x"
            raise LookupError("of the view")

        self.stream(blocks())

        assert self.next(FrameType.WRITE).payload == b"x"
        assert self.next(FrameType.END, FrameType.FAIL)[:2] == (FrameType.FAIL, 1)
        self.flushLoggedErrors(LookupError)


class AskingTests(ChildCase):
    """Questions in both directions."""

    def test_a_view_asks_and_gets_the_answer(self) -> None:
        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            start_response("200 OK", [])
            return [self.host.ask(b"question", SECONDS)]

        self.serve(application)
        self.call()
        question = self.next(FrameType.ASK)
        self.say(FrameType.REPLY, question.id, question.payload + b" answered")

        assert self.whole().body == b"question answered"

    def test_the_service_has_something_run(self) -> None:
        self.serve(echo)
        self.say(FrameType.RUN, 5, b'["may", ["Ann", 1]]')

        frame = self.next(FrameType.RESULT)

        assert (frame.id, frame.payload) == (5, b'{"value": ["may", "Ann", 1]}')

    def test_what_is_given_up_before_its_turn_is_not_run_and_the_service_learns_that(self) -> None:
        run: list[object] = []
        release = self.hold(lambda arguments: run.append(arguments))
        self.serve(echo)
        for id in range(RUN_THREADS + 1):
            self.say(FrameType.RUN, id, b'["may", [%d]]' % id)

        self.say(FrameType.CANCEL, RUN_THREADS)

        assert self.next(FrameType.RESULT).id == RUN_THREADS
        release.set()
        assert sorted(self.next(FrameType.RESULT).id for _ in range(RUN_THREADS)) == list(range(RUN_THREADS))
        assert [RUN_THREADS] not in run

    def test_rates_are_taken_before_the_calls_behind_them(self) -> None:
        self.serve(echo)
        self.say(FrameType.RATES, 0, b"1.1")
        self.call()
        self.whole()

        assert self.rates == [b"1.1"]


class GivingBackTests(ChildCase):
    """What no thread has begun is marked so, and given back when the service asks for it."""

    threads = 1

    def block(self) -> Event:
        """The first call is in a view until the event is set; two more wait behind it."""
        entered, may_end = Event(), Event()
        self.addCleanup(may_end.set)

        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            entered.set()
            may_end.wait(SECONDS)
            start_response("200 OK", [])
            return [environ["wsgi.input"].read()]

        self.serve(application)
        for id in (1, 2, 3):
            self.call(id, b"%d" % id)
        assert entered.wait(SECONDS)
        return may_end

    def test_a_call_is_marked_before_its_view_is_called(self) -> None:
        may_end = self.block()
        self.assertEqual(list(self.begun), [1])

        may_end.set()

        for id in (1, 2, 3):
            self.whole(id)
        self.assertEqual(list(self.begun), [1, 2, 3])

    def test_calls_that_wait_for_a_thread_are_given_back_and_not_run(self) -> None:
        may_end = self.block()

        self.say(FrameType.RECALL, 0, encode_ids([1, 3, 2, 99]))

        assert list(decode_ids(self.next(FrameType.BACK).payload)) == [2, 3]
        self.say(FrameType.STOP, 0)
        may_end.set()
        self.whole(1)
        self.thread.join(SECONDS)
        self.assertEqual((list(self.begun), self.ended), ([1], [True]))

    def test_what_has_begun_stays(self) -> None:
        may_end = self.block()
        self.say(FrameType.RECALL, 0, encode_ids([1]))
        may_end.set()

        self.whole(1)
        self.whole(2)
        self.whole(3)


class EndTests(ChildCase):
    """The end of a child."""

    def test_it_ends_once_what_it_runs_has_a_result(self) -> None:
        begun = Event()
        release = self.hold(lambda arguments: begun.set())
        self.serve(echo)
        self.say(FrameType.RUN, 5, b'["message", []]')
        assert begun.wait(SECONDS)

        self.say(FrameType.STOP, 0)
        self.call()
        self.whole()
        release.set()

        assert self.next(FrameType.RESULT).id == 5
        self.thread.join(SECONDS)
        assert self.ended == [True]

    def test_it_does_not_wait_for_what_was_given_up(self) -> None:
        begun = Event()
        self.hold(lambda arguments: begun.set())
        self.serve(echo)
        self.say(FrameType.RUN, 5, b'["may", []]')
        assert begun.wait(SECONDS)

        self.say(FrameType.STOP, 0)
        self.say(FrameType.CANCEL, 5)

        self.thread.join(SECONDS)
        assert self.ended == [True]

    def test_it_ends_when_the_service_does(self) -> None:
        self.serve(echo)

        self.service.shutdown(socket.SHUT_WR)
        self.thread.join(SECONDS)

        assert self.ended == [False]

    def test_asked_to_stop_it_ends_when_every_response_is_sent(self) -> None:
        may_end = Event()

        def application(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"x" * 10
            may_end.wait(SECONDS)
            yield b"y" * 3 * MAX_UNTAKEN

        self.serve(application)
        self.call()
        self.next(FrameType.WRITE)
        self.say(FrameType.STOP, 0)
        may_end.set()
        self.next(FrameType.OVER)
        assert self.thread.is_alive()

        self.say(FrameType.ROOM, 1, (4 * MAX_UNTAKEN).to_bytes(4, "big"))
        self.next(FrameType.END)
        self.thread.join(SECONDS)

        assert self.ended == [True]

    def test_asked_to_stop_without_work_it_ends_at_once(self) -> None:
        self.serve(echo)

        self.say(FrameType.STOP, 0)
        self.thread.join(SECONDS)

        assert self.ended == [True]

    def test_what_a_view_logs_while_it_runs_is_an_event_here(self) -> None:
        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            environ["wsgi.errors"].write("to {errors}\n")
            return echo(environ, start_response)

        with capturedLogs() as events:
            self.serve(application)
            self.call()
            self.whole()

        assert "wsgi: to {errors}" in [formatEvent(event) for event in events]
