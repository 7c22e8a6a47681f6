"""sys.stdout and sys.stderr while they are logged."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import Logger, LogLevel

from mixsvc.operations.standard_streams import LoggedStream, log_standard_streams, take_any_text


@pytest.fixture
def behind() -> Iterator[io.TextIOWrapper]:
    with io.TextIOWrapper(io.BytesIO(), "ascii") as stream:
        yield stream


def test_lines_are_logged_and_the_rest_is_that_of_the_stream_behind(behind: io.TextIOWrapper) -> None:
    events: list[Any] = []
    stream = LoggedStream(Logger("stdout", observer=events.append), LogLevel.info, behind)  # type: ignore[arg-type]

    print("a line", file=stream)
    stream.reconfigure(line_buffering=True)
    stream.buffer.write(b"bytes")

    assert [each["log_io"] for each in events] == ["a line"]
    assert (stream.encoding, stream.errors, stream.line_buffering) == ("ascii", "strict", True)
    assert behind.buffer.getvalue() == b"bytes"  # type: ignore[attr-defined]


def test_without_a_stream_behind_it_has_what_twisted_gives() -> None:
    stream = LoggedStream(Logger("stdout"), LogLevel.info, None)

    assert not hasattr(stream, "buffer")
    with pytest.raises(OSError):
        stream.fileno()


def test_both_streams_are_logged_and_keep_their_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))

    log_standard_streams()

    assert (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
    assert (sys.stdout.level, sys.stderr.level) == (LogLevel.info, LogLevel.error)  # type: ignore[union-attr]


def test_a_stream_takes_what_it_cannot_encode(behind: io.TextIOWrapper) -> None:
    take_any_text(behind)
    take_any_text(object())

    print("\xe9\ud800", end="", file=behind, flush=True)

    assert behind.buffer.getvalue() == rb"\xe9\ud800"  # type: ignore[attr-defined]
