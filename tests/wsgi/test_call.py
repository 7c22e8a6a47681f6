"""Calls of WSGI applications: what is sent, in which order, and what their failures lead to."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any, cast

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.holds.response import HeldResponse, cannot_hold
from mixsvc.interfaces.holds import TOPICS, Hold
from mixsvc.wsgi.call import ApplicationCall
from mixsvc.wsgi.environ import ErrorLog
from mixsvc.wsgi.file_wrapper import FileWrapper, PlainFile
from mixsvc.wsgi.response import WHOLE_BYTES, BodySink, ClientDisconnected
from mixsvc.wsgi.response_head import ResponseHead

Start = Callable[..., Callable[[bytes], object]]


class RecordingSink:
    """Records what is sent."""

    takes_files = True

    def __init__(self, takes: int = 10**9) -> None:
        """takes: bytes after which the client is gone."""
        self.steps: list[str] = []
        self.head: ResponseHead | None = None
        self.body = b""
        self._takes = takes

    def hold(self, head: ResponseHead, hold: Hold) -> None:
        self.steps.append(f"hold {hold.names}")

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        self.steps.append("whole")
        self.head, self.body = head, body

    def start(self, head: ResponseHead) -> BodySink:
        self.steps.append("start")
        self.head = head
        return self

    def write(self, data: bytes) -> None:
        if len(self.body) >= self._takes:
            raise ClientDisconnected("gone")
        self.steps.append(f"write {len(data)}")
        self.body += data

    def send_file(self, file: PlainFile) -> bool:
        if self.takes_files:
            self.steps.append(f"file {file.start} {file.size}")
            self.body += os.pread(file.descriptor, file.size, file.start)
        return self.takes_files

    def finish(self) -> None:
        self.steps.append("finish")

    def abort(self) -> None:
        self.steps.append("abort")


class NothingFits(RecordingSink):
    """Can send no whole response."""

    def hold(self, head: ResponseHead, hold: Hold) -> None:
        raise ValueError("too large")

    def send_whole(self, head: ResponseHead, body: bytes) -> None:
        raise ValueError("too large")


class Blocks:
    """An iterable that counts how often it is closed, and may fail."""

    def __init__(self, *blocks: bytes | Exception) -> None:
        self._blocks = iter(blocks)
        self.closed = 0
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks)
        self.taken += 1
        if isinstance(block, Exception):
            raise block
        return block

    def close(self) -> None:
        self.closed += 1


class ApplicationCallTests(SynchronousTestCase):
    """One call, in this thread."""

    def setUp(self) -> None:
        self.sent: RecordingSink = RecordingSink()
        self.content = BytesIO(b"body")
        self.events: list[LogEvent] = []
        observer = cast(ILogObserver, self.note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def note(self, event: LogEvent) -> None:
        self.events.append(event)

    def call(self, application: Callable[..., Iterable[bytes]], method: str = "GET") -> None:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": "/path",
            "wsgi.input": self.content,
            "wsgi.errors": ErrorLog(),
        }
        ApplicationCall(application, environ, self.sent).run()

    def answer(
        self, blocks: Iterable[bytes], *headers: tuple[str, str], status: str = "200 OK", method: str = "GET"
    ) -> None:
        def application(environ: object, start_response: Start) -> Iterable[bytes]:
            start_response(status, list(headers))
            return blocks

        self.call(application, method)

    def logged(self) -> list[str]:
        """The errors in the log, without those that have a traceback."""
        return [
            event["log_format"].format(**event)
            for event in self.events
            if event["log_level"] in (LogLevel.error, LogLevel.critical) and "log_failure" not in event
        ]

    # What is sent

    def test_a_list_goes_at_once_with_its_length(self) -> None:
        self.answer([b"ab", b"", b"c"])

        assert self.sent.steps == ["whole"]
        assert self.sent.body == b"abc"
        assert self.sent.head is not None
        assert self.sent.head.headers == ((b"Content-Length", b"3"),)

    def test_an_empty_list_is_an_empty_body(self) -> None:
        self.answer([])

        assert self.sent.steps == ["whole"]
        assert self.sent.head is not None
        assert self.sent.head.headers == ((b"Content-Length", b"0"),)

    def test_blocks_that_make_up_the_length_go_at_once(self) -> None:
        self.answer(Blocks(b"abc"), ("Content-Length", "3"))

        assert self.sent.steps == ["whole"]

    def test_blocks_of_unknown_number_go_one_by_one(self) -> None:
        self.answer(Blocks(b"ab", b"", b"c"))

        assert self.sent.steps == ["start", "write 2", "write 1", "finish"]

    def test_a_block_goes_before_the_next_is_asked_for(self) -> None:
        def blocks() -> Iterator[bytes]:
            yield b"ab"
            assert self.sent.body == b"ab"
            yield b"c"
            assert self.sent.body == b"abc"

        self.answer(blocks())

        assert self.sent.steps[-1] == "finish"

    def test_no_blocks_at_all_are_an_empty_body(self) -> None:
        self.answer(Blocks())

        assert self.sent.steps == ["whole"]

    def test_a_large_body_goes_in_parts_even_if_its_length_is_known(self) -> None:
        self.answer([b"x" * (WHOLE_BYTES + 1)])

        assert self.sent.steps == ["start", f"write {WHOLE_BYTES + 1}", "finish"]
        assert self.sent.head is not None
        assert self.sent.head.length == WHOLE_BYTES + 1

    def test_start_response_may_be_called_by_the_first_block(self) -> None:
        def application(environ: object, start_response: Start) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"abc"

        self.call(application)

        assert self.sent.body == b"abc"

    def test_written_blocks_are_sent_before_returned_ones(self) -> None:
        def application(environ: object, start_response: Start) -> list[bytes]:
            write = start_response("200 OK", [])
            write(b"ab")
            write(b"")
            return [b"c"]

        self.call(application)

        assert self.sent.steps == ["start", "write 2", "write 1", "finish"]

    def test_a_response_to_head_has_no_body_and_the_application_is_not_asked_for_more(self) -> None:
        blocks = Blocks(b"abc", b"def")
        self.answer(blocks, ("Content-Length", "6"), method="HEAD")

        assert (self.sent.steps, self.sent.body) == (["whole"], b"")
        assert (blocks.taken, blocks.closed) == (1, 1)
        assert self.logged() == []

    def test_head_without_a_body_keeps_its_length(self) -> None:
        self.answer([], ("Content-Length", "6"), method="HEAD")

        assert self.sent.head is not None
        assert self.sent.head.headers == ((b"Content-Length", b"6"),)
        assert self.logged() == []

    def test_no_content_has_no_length_either(self) -> None:
        for blocks in ([], [b"abc"]):
            self.answer(blocks, ("content-length", "3"), ("X", "y"), status="204 No Content", method="HEAD")

            assert self.sent.head is not None
            assert (self.sent.head.headers, self.sent.steps.pop()) == (((b"X", b"y"),), "whole")
        self.answer([], ("Content-Length", "3"), status="304 Not Modified", method="HEAD")
        assert self.sent.head is not None
        assert self.sent.head.headers == ((b"Content-Length", b"3"),)

    def test_a_status_without_a_body_has_none(self) -> None:
        for status in ("204 No Content", "304 Not Modified"):
            self.answer([b"abc"], status=status)

            assert (self.sent.steps.pop(), self.sent.body) == ("whole", b"")
            assert self.sent.head is not None
            assert self.sent.head.headers == ()

    def test_reset_content_has_no_body_and_a_length_of_0_since_clients_expect_one(self) -> None:
        for blocks in ([], [b"abc"], iter([b"abc"])):
            for headers in ([], [("content-length", "3")]):
                self.answer(blocks, *headers, ("X", "y"), status="205 Reset Content")

                assert (self.sent.steps.pop(), self.sent.body) == ("whole", b"")
                assert self.sent.head is not None
                assert self.sent.head.headers == ((b"X", b"y"), (b"Content-Length", b"0"))

    # Files

    def file_of(self, size: int) -> FileWrapper:
        file = TemporaryFile()  # noqa: SIM115  # the call closes it
        file.write(b"abc" + b"x" * size)
        file.seek(3)
        return FileWrapper(file)

    def test_a_long_file_is_left_to_the_sink_from_its_position_on_and_closed(self) -> None:
        size = WHOLE_BYTES + 1
        for headers in ((), (("Content-Length", str(size)),)):
            wrapper = self.file_of(size)
            self.answer(wrapper, *headers)

            assert self.sent.steps == ["start", f"file 3 {size}", "finish"]
            assert self.sent.body == b"x" * size
            assert self.sent.head is not None
            assert self.sent.head.headers == ((b"Content-Length", b"%d" % size),)
            assert wrapper.plain_file() is None
            self.sent.steps, self.sent.body = [], b""

    def test_a_short_file_goes_at_once(self) -> None:
        for headers in ((), (("Content-Length", "5"),)):
            self.answer(self.file_of(5), *headers)

            assert (self.sent.steps.pop(), self.sent.body) == ("whole", b"xxxxx")

    def test_a_file_of_another_length_than_that_of_the_head_goes_block_by_block(self) -> None:
        self.answer(self.file_of(WHOLE_BYTES + 9), ("Content-Length", str(WHOLE_BYTES + 5)))
        assert self.sent.body == b"x" * (WHOLE_BYTES + 5)
        assert self.sent.steps[-1] == "finish"

        self.answer(self.file_of(WHOLE_BYTES + 1), ("Content-Length", str(WHOLE_BYTES + 5)))
        assert self.sent.steps[-1] == "abort"

    def test_the_part_of_a_file_that_its_length_says_is_all_that_was_meant(self) -> None:
        for length in (0, 5, WHOLE_BYTES + 5):
            self.answer(self.file_of(2 * WHOLE_BYTES), ("Content-Length", str(length)))

            assert (self.sent.body, self.logged()) == (b"x" * length, [])
            self.sent.body = b""

    def test_a_file_for_which_the_sink_has_no_room_goes_block_by_block(self) -> None:
        self.sent.takes_files = False
        self.answer(self.file_of(WHOLE_BYTES + 1))

        assert self.sent.body == b"x" * (WHOLE_BYTES + 1)
        assert self.sent.steps[-1] == "finish"

    def test_nothing_of_a_file_is_sent_without_a_body(self) -> None:
        for status, method in (("200 OK", "HEAD"), ("304 Not Modified", "GET")):
            self.answer(self.file_of(WHOLE_BYTES + 1), status=status, method=method)

            assert (self.sent.steps.pop(), self.sent.body) == ("whole", b"")

    # Content-Length

    def test_a_body_over_its_length_is_cut_off_and_the_application_is_not_asked_for_more(self) -> None:
        for split in ((b"abcd",), (b"ab", b"cd"), (b"abc", b"d")):
            blocks = Blocks(*split, b"more")
            self.answer(blocks, ("Content-Length", "3"))

            assert self.sent.body == b"abc"
            assert (blocks.taken, blocks.closed) == (len(split), 1)
            self.sent.body = b""
        assert (
            self.logged() == ["wsgi: GET /path: the body is longer than its Content-Length; the rest is not sent"] * 3
        )

    def test_the_code_behind_the_last_block_is_run(self) -> None:
        ran = []

        def blocks() -> Iterator[bytes]:
            yield b"abc"
            ran.append(1)

        self.answer(blocks(), ("Content-Length", "3"))

        assert ran == [1]

    def test_a_body_under_its_length_ends_the_connection(self) -> None:
        self.answer(Blocks(b"ab"), ("Content-Length", "3"))

        assert self.sent.steps == ["start", "write 2", "abort"]
        assert self.logged() == ["wsgi: GET /path: the body is 1 bytes shorter than its Content-Length"]

    def test_nothing_of_what_was_promised_is_an_error(self) -> None:
        self.answer([], ("Content-Length", "3"))

        assert self.sent.steps == ["abort"]

    # start_response

    def test_start_response_twice_is_an_error(self) -> None:
        def application(environ: object, start_response: Start) -> list[bytes]:
            start_response("200 OK", [])
            start_response("200 OK", [])
            return [b"abc"]

        self.call(application)

        assert self.sent.steps == ["abort"]
        (line,) = self.logged()
        assert "called start_response twice" in line

    def test_with_exc_info_it_replaces_what_was_not_sent(self) -> None:
        def application(environ: object, start_response: Start) -> list[bytes]:
            start_response("200 OK", [("X-A", "b")])
            try:
                raise ValueError("oh")
            except ValueError:
                start_response("500 Oh", [], sys.exc_info())
            return [b"sorry"]

        self.call(application)

        assert self.sent.head is not None
        assert (self.sent.head.code, self.sent.body) == (500, b"sorry")
        assert (b"X-A", b"b") not in self.sent.head.headers

    def test_with_exc_info_it_raises_when_the_head_was_sent(self) -> None:
        raised: list[BaseException] = []

        def application(environ: object, start_response: Start) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"abc"
            try:
                raise ValueError("oh")
            except ValueError as error:
                try:
                    start_response("500 Oh", [], sys.exc_info())
                except ValueError as again:
                    assert again is error
                    raised.append(again)
                    raise

        self.call(application)

        assert len(raised) == 1
        assert self.sent.steps == ["start", "write 3", "abort"]
        assert len(self.flushLoggedErrors(ValueError)) == 1

    def test_a_body_without_start_response_is_an_error(self) -> None:
        for blocks in ([b"abc"], Blocks(b"abc"), Blocks(), []):
            self.call(lambda environ, start_response, blocks=blocks: blocks)

            assert self.sent.steps.pop() == "abort"
        assert set(self.logged()) == {"wsgi: GET /path: the application returned a body without calling start_response"}

    def test_a_bad_header_is_raised_into_the_application_and_logged_as_one_line(self) -> None:
        seen = []

        def application(environ: object, start_response: Start) -> list[bytes]:
            try:
                start_response("200 OK", [("X-A", "b\r\nX-Evil: 1")])
            except ValueError as error:
                seen.append(error)
                raise
            return [b"never"]

        self.call(application)

        assert len(seen) == 1
        assert self.sent.steps == ["abort"]
        assert self.logged() == ["wsgi: GET /path: the header X-A has control characters in its value"]

    # Failures

    def test_a_failure_before_anything_was_sent(self) -> None:
        self.call(lambda environ, start_response: [b"%d" % (1 // 0)])

        assert self.sent.steps == ["abort"]
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_the_cause_of_a_failure_is_logged(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            raise ExceptionGroup("two", [ValueError("one"), OSError("other")]) from KeyError("the cause")

        self.call(application)

        (failure,) = self.flushLoggedErrors(ExceptionGroup)
        for text in ("KeyError: 'the cause'", "direct cause", "ValueError: one", "OSError: other"):
            assert text in failure.getTraceback()

    def test_a_failure_between_blocks_closes_once_and_ends_the_connection(self) -> None:
        blocks = Blocks(b"abc", ValueError("oh"))
        self.answer(blocks)

        assert self.sent.steps == ["start", "write 3", "abort"]
        assert blocks.closed == 1
        assert len(self.flushLoggedErrors(ValueError)) == 1

    def test_a_failure_after_everything_was_sent_is_logged_only(self) -> None:
        self.answer(Blocks(b"abc", ValueError("oh")), ("Content-Length", "3"))

        assert self.sent.steps == ["whole"]
        assert len(self.flushLoggedErrors(ValueError)) == 1

    def test_a_failure_to_close_is_logged_only(self) -> None:
        class Stuck(Blocks):
            def close(self) -> None:
                raise OSError("stuck")

        self.answer(Stuck(b"abc"))

        assert self.sent.steps == ["start", "write 3", "finish"]
        assert len(self.flushLoggedErrors(OSError)) == 1

    def test_even_sys_exit_ends_no_more_than_the_request(self) -> None:
        self.call(lambda environ, start_response: sys.exit(3))

        assert self.sent.steps == ["abort"]
        assert len(self.flushLoggedErrors(SystemExit)) == 1

    def test_blocks_that_are_not_bytes_are_an_error(self) -> None:
        for block in ("abc", "", bytearray(b"abc"), 7, None):
            for blocks in ([block], iter([block])):
                self.answer(blocks)  # type: ignore[arg-type]  # as applications do

                assert self.sent.steps.pop() == "abort"
        assert "a block of the body must be bytes, not str" in self.logged()[0]

    def test_a_client_that_leaves_ends_the_answer_and_closes_it(self) -> None:
        self.sent = RecordingSink(takes=6)
        blocks = Blocks(*[b"abc"] * 100)
        self.answer(blocks)

        assert (blocks.taken, blocks.closed) == (3, 1)
        assert self.sent.steps == ["start", "write 3", "write 3"]
        assert self.logged() == []

    def test_an_application_that_goes_on_without_its_client_is_not_blamed(self) -> None:
        self.sent = RecordingSink(takes=3)

        def application(environ: object, start_response: Start) -> list[bytes]:
            write = start_response("200 OK", [("Content-Length", "9")])
            write(b"abc")
            self.assertRaises(ConnectionError, write, b"def")
            return [b"ghi"]

        self.call(application)

        assert self.logged() == []

    # What is left

    def test_the_body_of_the_request_is_closed_after_the_blocks(self) -> None:
        states = []

        class Looking(Blocks):
            def close(looking) -> None:  # noqa: N805  # self is the test
                states.append(self.content.closed)

        self.answer(Looking(b"abc"))

        assert states == [False]
        assert self.content.closed

    def test_what_is_printed_to_wsgi_errors_is_logged_line_by_line(self) -> None:
        def application(environ: dict[str, Any], start_response: Start) -> list[bytes]:
            print("a {brace}", 7, file=environ["wsgi.errors"])
            environ["wsgi.errors"].write("no end")
            start_response("200 OK", [])
            return []

        self.call(application)

        assert self.logged() == ["wsgi: a {brace} 7", "wsgi: no end"]

    def test_a_whole_response_that_cannot_be_sent_is_given_up(self) -> None:
        hold: Any = HeldResponse(Hold(TOPICS, ("a",)), {}, cannot_hold)

        def text(environ: object, start_response: Start) -> list[bytes]:
            start_response("200 OK", [("Content-Length", "4")])
            return [b"text"]

        def nothing(environ: object, start_response: Start) -> list[bytes]:
            start_response("204 No Content", [])
            return []

        for application, method in ((hold, "GET"), (text, "GET"), (text, "HEAD"), (nothing, "GET")):
            self.sent = NothingFits()

            self.call(application, method)

            assert self.sent.steps == ["abort"]
            assert len(self.flushLoggedErrors(ValueError)) == 1
