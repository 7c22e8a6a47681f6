"""What `python -m mixsvc say` does, once it knows what is meant."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any, Final, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from mixsvc.client.client import ChatClient
from mixsvc.client.errors import ClientError, Refused

__all__ = ["Given", "Lines", "Order", "Texts", "say_all"]

T = TypeVar("T")

LONGEST_LINE: Final = 2**20

# How long a name in use is asked for, and between two such tries, in seconds.
NAME_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.5


class Texts(Protocol):
    """What is to be said."""

    def next(self) -> "Deferred[str | None]":
        """The next text; None at the end. Fails with ClientError."""


@dataclass(frozen=True)
class Order:
    """Say the texts in a room. seconds: for the server to let us in, and to take each text; told: gets each number."""

    room: str
    texts: Texts
    seconds: float
    told: Callable[[int], object]


async def say_all(reactor: Any, make_client: Callable[[], ChatClient], order: Order) -> None:
    """Say each text once the one before is stored, and stop. Raises ClientError for the first that is not.

    A name in use is asked for again for a while: another run of the same job may have it.
    """
    last_try = reactor.seconds() + min(order.seconds, NAME_SECONDS) - PAUSE_SECONDS
    while await _is_taken(reactor, make_client(), order, reactor.seconds() <= last_try):
        await deferLater(reactor, PAUSE_SECONDS)


async def _is_taken(reactor: Any, client: ChatClient, order: Order, may_be: bool) -> bool:
    """Whether the name is in use, which may be so or not; otherwise everything is said."""
    # Whoever waits to be inside is told the same.
    client.start().addErrback(lambda _: None)
    try:
        await _in_time(reactor, client, order, client.join(order.room, lambda _: None))
    except Refused as refused:
        if refused.code == "name_taken" and may_be:
            return True
        raise
    else:
        while (text := await order.texts.next()) is not None:
            order.told(await _in_time(reactor, client, order, client.say(order.room, text)))
        return False
    finally:
        await client.stop(0)


async def _in_time(reactor: Any, client: ChatClient, order: Order, answer: "Deferred[T]") -> T:
    try:
        return await answer.addTimeout(order.seconds, reactor)
    except TimedOut:
        trouble = client.trouble or "the server does not answer"
        raise ClientError(f"not acknowledged within {order.seconds:g} s: {trouble}") from None


class Given:
    """Texts that are known."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = iter(texts)

    def next(self) -> "Deferred[str | None]":
        """See Texts."""
        answer: Deferred[str | None] = Deferred()
        answer.callback(next(self._texts, None))
        return answer


class Lines:
    """The lines of a file as they come, without the empty ones. None of them is a command."""

    def __init__(self, reactor: Any, descriptor: int) -> None:
        self._reactor, self._descriptor = reactor, descriptor

    def next(self) -> "Deferred[str | None]":
        """See Texts."""
        answer: Deferred[str | None] = Deferred()
        # A daemon thread: nobody can wake it from reading what does not come.
        Thread(target=self._read, args=(answer,), daemon=True).start()
        return answer

    def _read(self, answer: "Deferred[str | None]") -> None:
        try:
            line = self._line()
        except (OSError, ClientError) as error:
            self._reactor.callFromThread(answer.errback, _unreadable(error))
        else:
            self._reactor.callFromThread(answer.callback, line)

    def _line(self) -> str | None:
        # Without a buffer there is no lock that the end of the process would wait for.
        with io.FileIO(self._descriptor, closefd=False) as file:
            while data := file.readline(LONGEST_LINE):
                if len(data) == LONGEST_LINE:
                    raise ClientError(f"a line has more than {LONGEST_LINE} bytes")
                text = data.decode("utf-8", "replace").strip()
                if text:
                    return f"/{text}" if text.startswith("/") else text
        return None


def _unreadable(error: Exception) -> Failure:
    reason = getattr(error, "strerror", None) or str(error)
    return Failure(ClientError(f"cannot read the standard input: {reason}"))
