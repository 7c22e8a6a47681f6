"""What the supervision of children knows of a child and of a request, and what a child tells it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from twisted.internet.defer import Deferred

from mixsvc.errors import MixError
from mixsvc.http.refusals import Headers, Refusal

__all__ = [
    "MakeProcess",
    "ProcessEnded",
    "ProcessOwner",
    "QueuedCall",
    "SessionCall",
    "SupervisedProcess",
]


class ProcessEnded(MixError):
    """A process has ended before its answer came."""


class QueuedCall(Protocol):
    """One request for a child. Used in the reactor thread."""

    # What to do when the client leaves.
    gone: Callable[[], object]

    @property
    def name(self) -> str:
        """The request for logs, such as GET /."""

    def release(self) -> None:
        """Nobody needs the body of the request any more."""

    def fail(self, refusal: Refusal, /) -> None:
        """Respond with this, or close the connection behind what was sent already."""


class SessionCall(QueuedCall, Protocol):
    """A request that may begin a session. Used in the reactor thread."""

    # Called with the headers of a response and the beginning of its body, each time that more of that has come.
    answered: Callable[[Headers, bytes], object] | None

    @property
    def process(self) -> "SupervisedProcess | None":
        """The child that has it; None before that."""


class SupervisedProcess(Protocol):
    """One child, from its start to its end. Used in the reactor thread."""

    @property
    def pid(self) -> int | None:
        """Its number in the system, also after its end; None if it was not started."""

    @property
    def is_ready(self) -> bool:
        """Whether it has imported the application and its end is not known."""

    @property
    def has_ended(self) -> bool:
        """Whether it does nothing any more."""

    @property
    def calls(self) -> int:
        """The requests that are in a thread there, or wait for one."""

    def has_room(self, threads: int, /) -> bool:
        """Whether it may be given another request; if not, that waits in the service. threads: of the child."""

    @property
    def served(self) -> int:
        """The requests that have ended there."""

    def start(self) -> None:
        """Start it. If the system refuses, its owner hears of it later, as of everything else."""

    def begin(self, call: Any, /) -> None:
        """Give it a request."""

    def begin_bound(self, call: Any, /) -> None:
        """Give it a request that no other child can answer."""

    def recall(self, threads: int, /) -> None:
        """If it has ended few lately, ask for the requests back that wait for a thread. threads: of the child."""

    def run(self, name: str, arguments: Sequence[object], /) -> "Deferred[Any]":
        """Call what the application has registered under a name; cancelling it gives it up."""

    @property
    def sockets(self) -> int:
        """The views there that may take their client's socket, or have taken it; they are none of the requests."""

    def begin_socket(self, call: Any, /) -> None:
        """Give it a request whose view may take its client's socket."""

    @property
    def polls(self) -> int:
        """The views there of polls that wait; they are none of the requests in its threads."""

    def begin_poll(self, call: Any, /) -> None:
        """Give it a request for a thread beside the others."""

    @property
    def load(self) -> int:
        """The requests and the runs whose thread is not free, also runs that nobody waits for any more."""

    @property
    def runs(self) -> int:
        """The runs that somebody waits for."""

    def silent_runs(self, seconds: float, /) -> Sequence[str]:
        """The names of the runs that have not ended for so long, also of those that were given up."""

    def drop_runs(self) -> None:
        """Fail the runs that somebody waits for: its end does not wait for them."""

    def push_rates(self, payload: bytes, /) -> None:
        """Send the new table of rates."""

    def push_settings(self, payload: bytes, /) -> None:
        """Send other settings."""

    def busy(self) -> Sequence[str]:
        """The names of the requests that are in a thread there, or wait for one."""

    def names(self) -> Sequence[str]:
        """The names of the requests whose response is not complete."""

    def silent(self, seconds: float, threads: int, /) -> Sequence[str]:
        """The names of the requests that run in a thread and of which nothing was heard for so long.

        threads: of the child. The time in which a response waits for its client does not count. Called several times in
        the given time.
        """

    def fail_calls(self, refusal: Refusal, /) -> None:
        """Answer the requests that it has begun with this; cut those whose response has begun.

        The others are given back as soon as it has ended.
        """

    def stop(self) -> None:
        """Let it finish its requests and end; the sockets of its views are closed."""

    def kill(self) -> None:
        """End it now, by SIGKILL. Does nothing if it has ended."""


class ProcessOwner(Protocol):
    """Hears from its children, in the reactor thread."""

    def process_ready(self, process: SupervisedProcess, hooks: frozenset[str], /) -> None:
        """It has imported the application. hooks: the names of what that has registered."""

    def process_hooks(self, process: SupervisedProcess, hooks: frozenset[str], /) -> None:
        """It has registered more since. hooks: the names of all."""

    def process_failed(self, process: SupervisedProcess, text: str, /) -> None:
        """It cannot be started, or cannot import the application; its end follows. text: one line that says why."""

    def process_freed(self, process: SupervisedProcess, /) -> None:
        """A request has ended there, or waits for its client: the child may have room."""

    def process_returned(self, process: SupervisedProcess, calls: Sequence[Any], /) -> None:
        """It has given requests back, which are to be given to others."""

    def process_changed(self, process: SupervisedProcess, path: str, /) -> None:
        """A file has changed that it has loaded; only said by a child that watches its files."""

    def process_ended(self, process: SupervisedProcess, how: str, /) -> None:
        """It has ended, and its requests were answered. how: such as "by signal SIGKILL" or "with status 0"."""


# Makes a child for its owner, and does not start it.
MakeProcess: TypeAlias = Callable[[ProcessOwner], SupervisedProcess]
