"""Says texts in a room for `mixsvc say`, whose command line `mixsvc/commands/say.py` reads."""

import io
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any, Final, Protocol, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TimedOut
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from mixsvc.client.address import parse_url
from mixsvc.client.client import ChatClient
from mixsvc.client.errors import ClientError, Refused
from mixsvc.client.events import Offline, Online, State
from mixsvc.common.addresses import is_address
from mixsvc.common.records import record

__all__ = ["GivenTexts", "LineReader", "SayJob", "TextSource", "say_all"]

T = TypeVar("T")

MAX_LINE_BYTES: Final = 2**20

# A name in use is requested again for this long, and this often.
NAME_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.5


# What a program can do in a chat that is not open to guests. With [web] pages the path begins with that.
WITH_TOKEN: Final = (
    "A program writes over HTTP, with the token of the file api_token ([chat] token_file): "
    "POST /api/rooms/{room}/messages"
)


class TextSource(Protocol):
    """Gives the texts to say, one after the other."""

    def next(self) -> "Deferred[str | None]":
        """Fires with the next text, or with None after the last. Fails with ClientError."""


@record
class SayJob:
    """Texts for a room.

    seconds: the limit for the join, and for each text. stored: called with each number. urls: of the chat, one or
    several, for errors.
    """

    room: str
    texts: TextSource
    seconds: float
    stored: Callable[[int], object]
    urls: Sequence[str]

    @property
    def place(self) -> str:
        """Where the chat may be, as errors name it."""
        return " and ".join(self.urls)


async def say_all(reactor: Any, make_client: Callable[[], ChatClient], job: SayJob) -> None:
    """Say each text once the one before is stored. Raises ClientError for the first that is not stored.

    make_client: makes one that is not started. The first attempt to connect must succeed; a connection that is lost
    later is made again. A name in use is requested again for NAME_SECONDS, each time by a new
    client, because another run of the same job may hold it. Awaited in the reactor thread.
    """
    last_try = reactor.seconds() + min(job.seconds, NAME_SECONDS) - PAUSE_SECONDS
    while await _is_taken(reactor, make_client(), job, reactor.seconds() <= last_try):
        await deferLater(reactor, PAUSE_SECONDS)


async def _is_taken(reactor: Any, client: ChatClient, job: SayJob, may_be: bool) -> bool:
    """Say everything, unless the name is in use: then return True, or raise Refused if may_be is false."""
    welcomes: list[object] = []
    # `join` fails with the same error.
    client.start().addCallbacks(welcomes.append, lambda _: None)
    joining = client.join(job.room, lambda _: None)
    failures = _failures_before_online(client, joining.cancel)
    try:
        await _in_time(reactor, client, job, joining)
    except CancelledError:
        raise ClientError(f"cannot reach the chat at {job.place} ({failures[0]}): {_advice(job.urls)}") from None
    except Refused as refused:
        if refused.code == "name_taken" and may_be:
            return True
        if refused.code == "not_allowed" and not welcomes:
            raise ClientError(f"{refused} {WITH_TOKEN.format(room=job.room)}") from None
        raise
    else:
        while (text := await job.texts.next()) is not None:
            job.stored(await _in_time(reactor, client, job, client.say(job.room, text)))
        return False
    finally:
        await client.stop(0)


async def _in_time(reactor: Any, client: ChatClient, job: SayJob, answer: "Deferred[T]") -> T:
    try:
        return await answer.addTimeout(job.seconds, reactor)
    except TimedOut:
        trouble = client.trouble or "the server does not answer"
        raise ClientError(f"not acknowledged within {job.seconds:g} s by {job.place}: {trouble}") from None


def _advice(urls: Sequence[str]) -> str:
    """What to do if the chat cannot be reached."""
    uri = parse_url(urls[0])
    # At several nothing listens.
    if len(urls) == 1 and uri.secure and is_address(uri.host):
        return f"give the name in its certificate, as in --url wss://NAME:{uri.port}{uri.path}, or start the service"
    return "start the service, or say where it is by --port, --config or --url"


def _failures_before_online(client: ChatClient, fail: Callable[[], None]) -> Sequence[str]:
    """Call `fail` if the first connection fails; returns a list that has the reason then."""
    failures: list[str] = []
    first = iter([True])

    def watch(state: State) -> None:
        if isinstance(state, Online | Offline) and next(first, False) and isinstance(state, Offline):
            failures.append(state.reason)
            fail()

    client.on_state(watch)
    return failures


def _run_in_daemon(function: Callable[[], None]) -> None:
    # A daemon: a read that waits for input cannot be interrupted, and must not keep the process.
    Thread(target=function, daemon=True).start()


class GivenTexts:
    """A TextSource of texts that are known from the start."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = iter(texts)

    def next(self) -> "Deferred[str | None]":
        """See TextSource."""
        answer: Deferred[str | None] = Deferred()
        answer.callback(next(self._texts, None))
        return answer


class LineReader:
    """A TextSource of the lines of a file as they come, without empty ones. A line with a slash is no command."""

    def __init__(
        self, reactor: Any, descriptor: int, run_in_thread: Callable[[Callable[[], None]], object] = _run_in_daemon
    ) -> None:
        """run_in_thread: runs a function that blocks until a line comes, away from the reactor thread."""
        self._reactor, self._descriptor, self._run_in_thread = reactor, descriptor, run_in_thread

    def next(self) -> "Deferred[str | None]":
        """See TextSource."""
        answer: Deferred[str | None] = Deferred()
        self._run_in_thread(lambda: self._read(answer))
        return answer

    def _read(self, answer: "Deferred[str | None]") -> None:
        try:
            line = self._line()
        except (OSError, ClientError) as error:
            self._reactor.callFromThread(answer.errback, _unreadable(error))
        else:
            self._reactor.callFromThread(answer.callback, line)

    def _line(self) -> str | None:
        # Unbuffered: the lock of a buffered file would hold up the end of the process.
        with io.FileIO(self._descriptor, closefd=False) as file:
            while data := file.readline(MAX_LINE_BYTES):
                if len(data) == MAX_LINE_BYTES:
                    raise ClientError(f"a line has more than {MAX_LINE_BYTES} bytes")
                text = data.decode("utf-8", "replace").strip()
                if text:
                    return f"/{text}" if text.startswith("/") else text
        return None


def _unreadable(error: Exception) -> Failure:
    reason = getattr(error, "strerror", None) or str(error)
    return Failure(ClientError(f"cannot read the standard input: {reason}"))
