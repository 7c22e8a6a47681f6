"""A child that is tried before the service starts, played by a program of a few lines."""

import sys

import pytest

from mixsvc.errors import BadSetting
from mixsvc.wsgi.children.frames import FrameType, encode_frame
from mixsvc.wsgi.children.setup import SpawnCommand
from mixsvc.wsgi.children.trial import try_application

ANSWER = "import os, sys; os.read(int(sys.argv[1]), 1); os.write(int(sys.argv[1]), {frame!r})"


def child(frame: bytes) -> SpawnCommand:
    """Answers SETUP with a frame, and ends."""
    return SpawnCommand(sys.executable, (sys.executable, "-S", "-c", ANSWER.format(frame=frame)), {}, b"{}")


def test_it_tells_what_the_application_has_registered() -> None:
    ready = encode_frame(FrameType.READY, 0, b'{"pid": 7, "hooks": ["may"]}')

    assert try_application(child(ready), {}) == {"may"}


def test_it_tells_why_the_application_cannot_be_imported() -> None:
    failed = encode_frame(FrameType.FAILED, 0, b"[web] wsgi: there is no module shop")

    with pytest.raises(BadSetting, match="there is no module shop"):
        try_application(child(failed), {})


def test_it_tells_how_a_child_ended_that_was_not_ready() -> None:
    with pytest.raises(BadSetting, match="ended .* before it was ready"):
        try_application(child(b""), {})
