"""`python -m bench.window`: whether somebody who looks at the operators' window slows the chat with many people in it.

The same running service is measured in turns, without and with an operator's page that is live.
"""

import argparse
import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from bench.chat import UNLIMITED, service
from bench.dialects import CHAT
from bench.processes import ending_cleanly, raise_file_limit
from bench.protocol import ProtocolError
from bench.report import Results, table
from bench.requests import RequestTimes
from bench.rooms import CHAT_ROOMS
from bench.speakers import Speaker, enter
from bench.talking import Talk, talking
from tests.ports import free_port

__all__ = ["main"]

ROOM_SIZE: Final = 50
# So many people enter at the same time.
GROUP: Final = 100
# Of all people together: one of them says something, and the others of the room get it.
MESSAGES_PER_SECOND: Final = 40
# As the page does it.
LOOK_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 30.0
# Files, and places for connections, besides those of the people.
SPARE: Final = 1000


class Operator:
    """Looks at the window of the service on this port."""

    def __init__(self, port: int, token: str) -> None:
        """Log in. Raises ProtocolError if that is refused."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        form, cookies = self._ask("GET", "/")
        proof = re.search(r'name="proof" value="([^"]+)"', form)
        if not proof:
            raise ProtocolError("the window has no form for the token")
        fields = urlencode({"proof": proof[1], "token": token})
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        self._headers = {"Cookie": self._ask("POST", "/window/login", fields, headers)[1]}

    def look(self) -> float:
        """Ask for what is live; returns the seconds until it is there."""
        start = time.perf_counter()
        self._ask("GET", "/window/live", headers=self._headers)
        return time.perf_counter() - start

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> tuple[str, str]:
        """The text of the answer, and the cookies that it sets."""
        self._connection.request(method, path, body or None, headers or {})
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 303):
            raise ProtocolError(f"{method} {path} was answered {answer.status}")
        return text, "; ".join(each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", []))


@contextmanager
def _service(people: int) -> Iterator[tuple[int, int, str]]:
    """A service that has room for so many; gives its port, that of its window, and the operators' token."""
    with TemporaryDirectory(prefix="mixsvc-bench-") as folder:
        token, admin = Path(folder, "token"), free_port()
        limits = f"max_sessions = {people + SPARE}\nmax_per_address = {people + SPARE}\n"
        window = f"[server]\nadmin_listen = tcp:{admin}:interface=127.0.0.1\nadmin_token_file = {token}\n"
        with service(f"{UNLIMITED}{limits}{window}") as port:
            yield port, admin, token.read_text(encoding="ascii").strip()


@asynccontextmanager
async def _people(port: int, number: int) -> AsyncIterator[list[Speaker]]:
    """So many, in rooms of ROOM_SIZE, of whom somebody says something now and then."""
    people: list[Speaker] = []
    for first in range(0, number, GROUP):
        names = range(first, min(first + GROUP, number))
        people += await asyncio.gather(*(enter(port, CHAT_ROOMS, f"person {each}", _room(each)) for each in names))
    speaking = asyncio.create_task(_speak(people))
    try:
        yield people
    finally:
        speaking.cancel()
        for each in people:
            each.transport.abort()


def _room(person: int) -> str:
    return f"room-{person // ROOM_SIZE}"


async def _speak(people: list[Speaker]) -> None:
    number, due = 0, time.monotonic()
    while True:
        due += 1 / MESSAGES_PER_SECOND
        await asyncio.sleep(due - time.monotonic())
        # Each time somebody of another room.
        number = (number + ROOM_SIZE + 1) % len(people)
        people[number].say(_room(number), "x" * 60)


async def _look(operator: Operator, times: list[float]) -> None:
    while True:
        times.append(await asyncio.to_thread(operator.look))
        await asyncio.sleep(LOOK_SECONDS)


async def _round(talk: Talk, seconds: float) -> dict[str, float]:
    times = RequestTimes(await talk.run(seconds), seconds)
    return {f"ms, {part} %": times.percentile(part) * 1e3 for part in (50, 99)}


async def _measure(people: int, rounds: int, seconds: float, results: Results) -> None:
    with _service(people) as (port, admin, token):
        operator = Operator(admin, token)
        async with _people(port, people) as crowd, talking(port, CHAT, "say") as talk:
            # The first page loads what it needs.
            operator.look()
            for _ in range(rounds):
                results.add("window", "without it", await _round(talk, seconds))
                looks: list[float] = []
                looking = asyncio.create_task(_look(operator, looks))
                figures = await _round(talk, seconds)
                looking.cancel()
                with suppress(asyncio.CancelledError):
                    await looking
                results.add("window", "with it", {**figures, "ms, page": max(looks) * 1e3})
            if lost := sum(each.transport.is_closing() for each in crowd):
                raise ProtocolError(f"{lost} people have lost their connection")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.window", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=15)
    asked = parser.parse_args()
    raise_file_limit(asked.people + SPARE)
    results = Results()
    with ending_cleanly():
        asyncio.run(_measure(asked.people, asked.rounds, asked.seconds, results))
    print(table(results, ()))


if __name__ == "__main__":
    main()
