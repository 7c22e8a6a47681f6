"""Clients of pages who ask again and again over connections that stay open, and note whatever goes wrong."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from time import monotonic
from typing import Final

from tests.e2e.support.service import DEADLINE

__all__ = ["PassersBy"]

# How long the second half of an upload comes after the first one, in seconds.
HALF_SECONDS: Final = 0.2

# How long somebody looks at a page before the next one, in seconds.
PAUSE_SECONDS: Final = 0.01

# Who hears nothing for so long, in seconds, looks whether it is over.
QUIET_SECONDS: Final = 1.0


class PassersBy:
    """Some who get pages, some who upload slowly, and some who follow a room's events. A context manager.

    wrong: what went wrong, a line each. answers: when each answer had come, by the steady clock. streams: the last
    bytes of each stream of events that the service has ended.
    """

    def __init__(self, port: int) -> None:
        self.wrong: list[str] = []
        self.answers: list[float] = []
        self.streams: list[bytes] = []
        self._port = port
        self._over = Event()
        kinds: Sequence[Callable[[HTTPConnection], None]] = (self._get, self._get, self._upload, self._follow)
        self._threads = [Thread(target=self._go_on, args=(kind,), daemon=True) for kind in kinds]

    def __enter__(self) -> "PassersBy":
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(DEADLINE)

    def gap(self, since: float, until: float) -> float:
        """The longest time between two answers in this time, in seconds."""
        times = sorted(each for each in self.answers if since <= each <= until)
        return max(after - before for before, after in zip(times, times[1:], strict=False))

    def _go_on(self, ask: Callable[[HTTPConnection], None]) -> None:
        while not self._over.is_set():
            with closing(HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE)) as connection:
                try:
                    ask(connection)
                except (HTTPException, OSError) as error:
                    self.wrong.append(f"{ask.__name__}: {error!r}")

    def _answered(self, connection: HTTPConnection) -> bool:
        """Note an answer; returns whether the connection may be used again."""
        answer = connection.getresponse()
        answer.read()
        self.answers.append(monotonic())
        if answer.status != 200:
            self.wrong.append(f"status {answer.status}")
        return not answer.will_close and not self._over.is_set()

    def _get(self, connection: HTTPConnection) -> None:
        connection.request("GET", "/api/rooms")
        while self._answered(connection):
            self._over.wait(PAUSE_SECONDS)
            connection.request("GET", "/api/rates")

    def _upload(self, connection: HTTPConnection) -> None:
        body = json.dumps({"name": "Zoe"}).encode()
        connection.putrequest("POST", "/api/session")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:5])
        self._over.wait(HALF_SECONDS)
        connection.send(body[5:])
        self._answered(connection)

    def _follow(self, connection: HTTPConnection) -> None:
        connection.request("GET", "/api/rooms/lobby/events", headers={"Accept": "text/event-stream"})
        socket, answer, last = connection.sock, connection.getresponse(), b""
        if answer.status != 200:
            self.wrong.append(f"events: status {answer.status}")
        socket.settimeout(QUIET_SECONDS)
        with suppress(TimeoutError):
            while part := answer.read1():
                last = (last + part)[-40:]
                if self._over.is_set():
                    return
            self.streams.append(last)
