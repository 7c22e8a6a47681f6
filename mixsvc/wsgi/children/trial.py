"""Whether the application can be imported, tried in a child while there is a terminal and no reactor runs."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from typing import IO, Any, Final

from mixsvc.errors import BadSetting
from mixsvc.wsgi.children.frames import Frame, FrameReader, FrameType, encode_frame
from mixsvc.wsgi.children.setup import SpawnCommand
from mixsvc.wsgi.supervision.endings import how_ended

__all__ = ["try_application"]

READ_BYTES: Final = 65536

# How long the child may take to end after it was asked to, in seconds.
END_SECONDS: Final = 2.0

# What mixsvc.config.imports says of an import that takes long begins so; whoever waits has to see it.
OURS: Final = "mixsvc: "


def try_application(command: SpawnCommand, user: Mapping[str, Any]) -> frozenset[str]:
    """Start a child until it is ready, and end it; returns the names of what the application has registered.

    Blocks as long as the import takes.

    user: arguments of subprocess.Popen that say as which user. Raises BadSetting if the application cannot be imported.
    """
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(closing(end)) for end in socket.socketpair())
        errors = stack.enter_context(tempfile.TemporaryFile())
        child = _started(command, theirs, errors, user)
        # So that the end of the child is the end of the stream.
        theirs.close()
        try:
            answer = _answer(ours, command.setup)
        finally:
            status = _ended(child, ours)
        if answer is None:
            raise BadSetting(
                "[web] processes: a process that was to run the application ended "
                f"{how_ended(status)} before it was ready{_last_line(errors)}"
            )
        if answer.type == FrameType.FAILED:
            raise BadSetting(answer.payload.decode(errors="replace"))
        return frozenset(json.loads(answer.payload)["hooks"])


def _started(
    command: SpawnCommand, theirs: socket.socket, errors: IO[bytes], user: Mapping[str, Any]
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            [*command.arguments, str(theirs.fileno())],
            executable=command.program,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[theirs.fileno()],
            **user,
        )
    except (OSError, subprocess.SubprocessError) as error:
        advice = "; let the user of --uid read the installation, or set it to 0" if user else ""
        raise BadSetting(f"[web] processes: no process can be started ({error}){advice}") from None


def _answer(ours: socket.socket, setup: bytes) -> Frame | None:
    """READY or FAILED; None if the child ended without either."""
    with suppress(OSError):
        ours.sendall(encode_frame(FrameType.SETUP, 0, setup))
        for frame in _frames(ours):
            if frame.type in (FrameType.READY, FrameType.FAILED):
                return frame
            if frame.type == FrameType.LOG:
                _show(json.loads(frame.payload)["text"])
    return None


def _frames(ours: socket.socket) -> Iterator[Frame]:
    reader = FrameReader()
    while data := ours.recv(READ_BYTES):
        yield from reader.feed(data)


def _show(text: str) -> None:
    if text.startswith(OURS):
        print(text, file=sys.stderr, flush=True)


def _ended(child: "subprocess.Popen[bytes]", ours: socket.socket) -> int:
    """Ends the child, and returns its status as subprocess does."""
    with suppress(OSError):
        ours.sendall(encode_frame(FrameType.STOP, 0))
        ours.shutdown(socket.SHUT_WR)
    try:
        return child.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _last_line(errors: IO[bytes]) -> str:
    """What the interpreter said last, such as that it may not read our installation."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - READ_BYTES))
    lines = errors.read().decode(errors="replace").split("\n")
    said = [" ".join(line.split()) for line in lines if line.strip()]
    return f": {said[-1]}" if said else ""
