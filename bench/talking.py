"""Chat clients that ask a question at fixed times and measure how long each answer takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.dialects import Dialect
from bench.protocol import ProtocolError

__all__ = ["INTERVAL_SECONDS", "Talk", "talking"]

# From one question to the next, whether or not the first has its answer.
INTERVAL_SECONDS: Final = 0.04
# So many questions may be without an answer; the next one waits. The chat refuses more than 64.
MAX_WAITING: Final = 32
ANSWER_SECONDS: Final = 30.0


class Talk:
    """One connection that asks one question."""

    def __init__(self, socket: ClientConnection, dialect: Dialect, name: str) -> None:
        """socket: greeted. name: of the dialect's question."""
        self._socket = socket
        self._pongs = dialect.pongs
        self._question = dialect.questions[name]
        self._sent: dict[int, float] = {}
        self._room = asyncio.Semaphore(MAX_WAITING)

    async def run(self, seconds: float) -> list[float]:
        """Ask for this long; returns the seconds until each answer. Raises ProtocolError when one does not come."""
        number = max(2, round(seconds / INTERVAL_SECONDS))
        took: list[float] = []
        with _failures():
            asking = asyncio.ensure_future(self._ask(number))
            try:
                async with asyncio.timeout(seconds + ANSWER_SECONDS):
                    while len(took) < number:
                        took += await self._hear()
            finally:
                asking.cancel()
        return took

    async def _ask(self, number: int) -> None:
        start = time.perf_counter()
        for each in range(number):
            await asyncio.sleep(start + each * INTERVAL_SECONDS - time.perf_counter())
            await self._room.acquire()
            self._sent[each] = time.perf_counter()
            await self._socket.send(self._question.text(each))

    async def _hear(self) -> list[float]:
        """Receive one text; returns the time of the question that it answers, if any."""
        text = str(await self._socket.recv())
        now = time.perf_counter()
        if text in self._pongs:
            await self._socket.send(self._pongs[text])
            return []
        answered = self._question.answered(text, min(self._sent, default=-1))
        if answered is None:
            return []
        if answered not in self._sent:
            raise ProtocolError(f"an answer came twice, or without a question: {text[:200]}")
        self._room.release()
        return [now - self._sent.pop(answered)]


@asynccontextmanager
async def talking(port: int, dialect: Dialect, name: str) -> AsyncIterator[Talk]:
    """A connection that has been greeted, for the question with this name. Raises ProtocolError if it is refused."""
    url = f"ws://127.0.0.1:{port}{dialect.path}"
    with _failures():
        async with connect(url, compression=None, max_queue=None, open_timeout=ANSWER_SECONDS) as socket:
            async with asyncio.timeout(ANSWER_SECONDS):
                await _greet(socket, dialect, name)
            yield Talk(socket, dialect, name)


async def _greet(socket: ClientConnection, dialect: Dialect, name: str) -> None:
    for text, awaited in dialect.greeting(f"bench-{name}"):
        if text:
            await socket.send(text)
        while awaited not in str(await socket.recv()):
            pass


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except WebSocketException as error:
        raise ProtocolError(f"the chat connection failed: {error}") from error
    except TimeoutError:
        raise ProtocolError("the chat did not answer in time") from None
