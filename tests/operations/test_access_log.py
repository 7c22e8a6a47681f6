"""The access log: its formats, what a client may put into it, and when it is written."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyChannel

from mixsvc.operations.access_log import MOST_BYTES, MOST_LINES, WAIT_SECONDS, AccessLog, combined, into_log, json_line

# 2026-10-30T15:04:05.25Z
NOW = 1793372645.25


def request(uri: bytes = b"/a?b=c", peer: IAddress | None = None, **headers: bytes) -> Request:
    made = Request(DummyChannel(), False)
    made.client = peer or IPv4Address("TCP", "192.0.2.7", 5000)
    made.method, made.uri, made.clientproto = b"GET", uri, b"HTTP/1.1"
    made.code, made.sentLength = 200, 123
    raw: Any = {name.replace("_", "-").encode(): [value] for name, value in headers.items()}
    made.requestHeaders = Headers(raw)
    return made


def test_a_combined_line_is_that_of_other_servers() -> None:
    line = combined(request(referer=b"http://x/", user_agent=b"Mozilla/5.0 (X11)"), NOW, 0.1)

    assert line == (
        '192.0.2.7 - - [30/Oct/2026:15:04:05 +0000] "GET /a?b=c HTTP/1.1" 200 123 "http://x/" "Mozilla/5.0 (X11)"'
    )


def test_a_missing_header_is_a_dash() -> None:
    silent = request(peer=UNIXAddress(None))
    silent.sentLength = 0

    assert combined(silent, NOW, 0.1).endswith('"GET /a?b=c HTTP/1.1" 200 - "-" "-"')
    assert combined(silent, NOW, 0.1).startswith("- - - [")


def test_a_line_of_json_says_the_same_and_how_long_it_took() -> None:
    fields = json.loads(json_line(request(host=b"example.org", user_agent=b"caf\xc3\xa9\xff"), NOW, 0.1234567))

    assert fields == {
        "time": "2026-10-30T15:04:05.250Z",
        "client": "192.0.2.7",
        "method": "GET",
        "path": "/a?b=c",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 123,
        "seconds": 0.123457,
        "host": "example.org",
        "referer": None,
        "user_agent": "café\\xff",
    }


def test_a_client_cannot_end_a_field_or_a_line_or_reach_the_terminal() -> None:
    line = combined(request(b'/"\\\x1b[2J\r\n1.1.1.1', user_agent=b'a" 200 1 "x\x07'), NOW, 0)

    assert '"GET /\\x22\\x5c\\x1b[2J\\x0d\\x0a1.1.1.1 HTTP/1.1"' in line
    assert line.endswith('"a\\x22 200 1 \\x22x\\x07"')


@given(st.binary(), st.binary())
def test_any_request_makes_one_line_with_all_fields(uri: bytes, agent: bytes) -> None:
    made = request(uri, user_agent=agent)

    line = combined(made, NOW, 0)
    assert line.isprintable() and line.isascii() and line.count('"') == 6
    assert json_line(made, NOW, 0).isprintable()


def test_an_invalid_address_is_escaped() -> None:
    line = combined(request(peer=IPv4Address("TCP", 'a" 1\n\x1b\xe9', 1)), NOW, 0.1)

    assert line.startswith("a\\x22 1\\x0a\\x1b\\xc3\\xa9 - - [")


def test_a_field_is_cut_off() -> None:
    line = combined(request(b"/" + b"a" * 10_000, user_agent=b'"' * 10_000), NOW, 0)

    assert len(line) < 6 * MOST_BYTES


class AccessLogTests(SynchronousTestCase):
    """Written to a list."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.writes: list[list[str]] = []
        self.ahead = 0.0
        self.log = AccessLog(
            self.clock,
            lambda: self.clock.seconds() + self.ahead,
            lambda request, now, seconds: f"{now} {seconds}",
            self.writes.append,
        )

    def test_lines_wait_for_each_other_and_are_written_at_once(self) -> None:
        self.log.answered(request(), 1)
        self.clock.advance(WAIT_SECONDS / 2)
        self.log.answered(request(), 2)
        assert self.writes == []

        self.clock.advance(WAIT_SECONDS / 2)

        assert self.writes == [["0.0 1", f"{WAIT_SECONDS / 2} 2"]]
        assert self.clock.getDelayedCalls() == []

    def test_a_line_has_the_time_of_day_and_waits_no_longer_when_somebody_sets_it(self) -> None:
        self.log.answered(request(), 1)
        self.ahead = -3600.0
        self.log.answered(request(), 2)

        self.clock.advance(WAIT_SECONDS)

        assert self.writes == [["0.0 1", "-3600.0 2"]]

    def test_lines_are_written_when_as_many_wait_as_may(self) -> None:
        for _ in range(MOST_LINES + 1):
            self.log.answered(request(), 0)

        assert [len(lines) for lines in self.writes] == [MOST_LINES]

    def test_flushing_writes_what_waits_and_nothing_is_written_twice(self) -> None:
        self.log.answered(request(), 0)

        self.log.flush()
        self.log.flush()
        self.clock.advance(WAIT_SECONDS)

        assert len(self.writes) == 1


def test_lines_with_braces_come_whole_into_the_log() -> None:
    with capturedLogs() as events:
        into_log(["{one}", "two"])

    assert [event["log_format"].format(**event) for event in events] == ["{one}\ntwo"]


def test_no_line_has_the_secret_of_a_webhook() -> None:
    made = request(b"/chat/api/hooks/S3CRET?x", referer=b"http://x/api/hooks/S3CRET")

    for line in (combined(made, NOW, 0.1), json_line(made, NOW, 0.1)):
        assert line.count("/api/hooks/***") == 2
        assert "S3CRET" not in line
